//! A server as many were written: lines end at a line feed, the first `Content-Length` counts, `Transfer-Encoding` does
//! not, the first `Host` counts, whatever cannot be read is passed over. Only here to show that the corpus notices.

use super::Seen;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Naive {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Naive {
    /// Serves until the test ends.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::new()));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let stream = BufReader::new(stream.unwrap());
                    // A client that goes away ends it.
                    drop(converse(stream, &shared));
                });
            }
        });
        Self { address, seen }
    }

    /// What was asked for since the last time.
    pub(crate) fn seen(&self) -> Seen {
        let mut all = std::mem::take(&mut *self.seen.lock().unwrap());
        for app in ["a", "b", "wild"] {
            all.entry(app.to_owned()).or_default();
        }
        all
    }
}

fn converse(mut stream: BufReader<TcpStream>, seen: &Mutex<Seen>) -> std::io::Result<()> {
    loop {
        let first = line(&mut stream)?;
        let (mut host, mut length) = (None, None);
        loop {
            let header = line(&mut stream)?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap_or((&header, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "host" => host = host.or(Some(value.trim().to_owned())),
                "content-length" => length = length.or(value.trim().parse::<u16>().ok()),
                _ => {}
            }
        }
        let mut body = vec![0; length.unwrap_or(0).into()];
        stream.read_exact(&mut body)?;
        let mut words = first.split(' ');
        let what = format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let app = match host.unwrap_or_default().as_str() {
            "b.local" => "b",
            "x.wild.local" => "wild",
            _ => "a",
        };
        seen.lock().unwrap().entry(app.to_owned()).or_default().push(what.clone());
        let mut answer = format!("{app} {what}");
        if !body.is_empty() {
            answer = format!("{answer} {}", String::from_utf8_lossy(&body));
        }
        write!(stream.get_mut(), "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())?;
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    if stream.read_until(b'\n', &mut bytes)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}
