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
                if let Some(Ok(server)) = state.leads_to.map(TcpStream::connect) {
                    pass(&client, &server);
                    pass(&server, &client);
                }
            }
        });
        door
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `None` shuts it.
    pub(crate) fn lead_to(&self, address: Option<SocketAddr>) {
        self.state.lock().unwrap().leads_to = address;
    }

    /// How often somebody came.
    pub(crate) fn used(&self) -> usize {
        self.state.lock().unwrap().used
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
