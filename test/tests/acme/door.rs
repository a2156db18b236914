//! A port that leads to another, which can be shut and led elsewhere: what a name and a well-known port are for others.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Clones are the same.
#[derive(Clone)]
pub(crate) struct Door {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    leads_to: Option<SocketAddr>,
    /// Those who stand before it, while it is held.
    waiting: Option<Vec<TcpStream>>,
    used: usize,
}

impl Door {
    /// A shut one.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let door = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = Arc::clone(&door.state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut state = state.lock().unwrap();
                state.used += 1;
                match &mut state.waiting {
                    Some(waiting) => waiting.push(client),
                    None => lead(&client, state.leads_to),
                }
            }
        });
        door
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `None` shuts it. Who waits is led there, too.
    pub(crate) fn lead_to(&self, address: Option<SocketAddr>) {
        let mut state = self.state.lock().unwrap();
        state.leads_to = address;
        state.waiting.take().iter().flatten().for_each(|client| lead(client, address));
    }

    /// Lets who comes wait, until it leads somewhere.
    pub(crate) fn hold(&self) {
        self.state.lock().unwrap().waiting = Some(Vec::new());
    }

    /// How often somebody came.
    pub(crate) fn used(&self) -> usize {
        self.state.lock().unwrap().used
    }
}

fn lead(client: &TcpStream, to: Option<SocketAddr>) {
    if let Some(Ok(server)) = to.map(TcpStream::connect) {
        pass(client, &server);
        pass(&server, client);
    }
}

/// Passes on what comes from one, until it ends.
fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        drop(io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Write));
    });
}
