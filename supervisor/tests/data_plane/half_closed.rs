//! Clients that say that they send no more: they are answered (RFC 9112 §9.6), unless they read no more either.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

use nano_config::{Listen, UnixListen};
use nano_protocol::{BodyLength, Frame, ResetReason};

use crate::client::Client;
use crate::host::{Host, PATIENCE, settings, until};
use crate::worker::{FakeWorker, chunk, head};

const ASK: &[u8] = b"GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n";

/// Either kind of socket.
trait Stream: Read + Write {
    fn finish_sending(&self);
}

impl Stream for TcpStream {
    fn finish_sending(&self) {
        self.set_read_timeout(Some(PATIENCE)).unwrap();
        self.shutdown(Shutdown::Write).unwrap();
    }
}

impl Stream for UnixStream {
    fn finish_sending(&self) {
        self.set_read_timeout(Some(PATIENCE)).unwrap();
        self.shutdown(Shutdown::Write).unwrap();
    }
}

/// Runs a test over TCP and over a unix socket.
fn over_both(test: impl Fn(&Host, &mut FakeWorker, &dyn Fn() -> Box<dyn Stream>)) {
    let host = Host::new();
    let mut worker = host.add_worker();
    let address = host.address;
    test(&host, &mut worker, &|| Box::new(TcpStream::connect(address).unwrap()));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("front.sock");
    let host = Host::listening(&Listen::unix(UnixListen::open(&path)));
    let mut worker = host.add_worker();
    test(&host, &mut worker, &|| Box::new(UnixStream::connect(&path).unwrap()));
}

fn rest(client: &mut dyn Stream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    text
}

/// So long that a client that is taken for gone would have been.
fn moment() {
    std::thread::sleep(std::time::Duration::from_millis(50));
}

#[test]
fn what_it_asked_for_is_answered_whole() {
    over_both(|_, worker, connect| {
        let mut client = connect();
        client.write_all(ASK).unwrap();
        client.finish_sending();
        let (id, _) = worker.request();
        moment();
        worker.respond(id, "all of it");
        let answer = rest(&mut *client);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nall of it"), "{answer}");
    });
}

#[test]
fn a_stream_goes_on_to_its_end() {
    over_both(|host, worker, connect| {
        let mut client = connect();
        client.write_all(ASK).unwrap();
        let (id, _) = worker.request();
        worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "one", false)]);
        client.finish_sending();
        for piece in ["two", "three"] {
            moment();
            worker.send(&[chunk(id, piece, false)]);
        }
        worker.send(&[chunk(id, "", true)]);
        let answer = rest(&mut *client);
        assert!(answer.ends_with("3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"), "{answer}");
        until("the request is over", || host.app.metrics.requests_in_flight() == 0);
    });
}

#[test]
fn all_that_it_asked_for_is_answered() {
    over_both(|_, worker, connect| {
        let mut client = connect();
        client.write_all(&ASK.repeat(3)).unwrap();
        client.finish_sending();
        for number in 0..3 {
            let (id, _) = worker.request();
            worker.respond(id, &format!("answer {number}"));
        }
        let answers = rest(&mut *client);
        assert_eq!((0..3).filter(|number| answers.contains(&format!("answer {number}"))).count(), 3, "{answers}");
    });
}

#[test]
fn a_body_that_came_whole_is_no_shorter_for_it() {
    over_both(|_, worker, connect| {
        let mut client = connect();
        client.write_all(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nbody").unwrap();
        client.finish_sending();
        let (id, _) = worker.request();
        assert_eq!(worker.body(id), b"body");
        worker.respond(id, "fine");
        assert!(rest(&mut *client).ends_with("fine"));
    });
}

#[test]
fn one_that_stops_in_the_middle_of_its_body_is_told_so() {
    over_both(|_, worker, connect| {
        for (framing, part) in [("Content-Length: 100", "part"), ("Transfer-Encoding: chunked", "4\r\npart\r\n")] {
            let mut client = connect();
            client
                .write_all(format!("POST / HTTP/1.1\r\nHost: a.example\r\n{framing}\r\n\r\n{part}").as_bytes())
                .unwrap();
            let (id, _) = worker.request();
            assert!(matches!(worker.next(), Some(Frame::Data { end: false, .. })));
            client.finish_sending();
            assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
            let answer = rest(&mut *client);
            assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("malformed_body"), "{answer}");
        }
    });
}

#[test]
fn one_that_leaves_then_is_missed() {
    over_both(|host, worker, connect| {
        // Before the head of the response, and in the middle of it; at once, and after it had closed its half.
        for begun in [false, true] {
            for half_first in [false, true] {
                let mut client = connect();
                client.write_all(ASK).unwrap();
                let (id, _) = worker.request();
                if begun {
                    worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "begun", false)]);
                    let mut got = Vec::new();
                    while !got.ends_with(b"begun\r\n") {
                        let mut byte = [0];
                        client.read_exact(&mut byte).unwrap();
                        got.extend(byte);
                    }
                }
                if half_first {
                    client.finish_sending();
                    moment();
                }
                drop(client);
                assert_eq!(worker.reset(), (id, ResetReason::ClientGone), "begun {begun}, half first {half_first}");
            }
        }
        until("the requests are over", || host.app.metrics.requests_in_flight() == 0);
    });
}

#[test]
fn a_reset_is_noticed_whatever_the_request_waits_for() {
    let host = Host::with(settings(), |_| {});
    let mut worker = host.add_worker();
    for half_first in [false, true] {
        let client = host.get("/");
        let (id, _) = worker.request();
        let Client { stream } = client;
        if half_first {
            stream.get_ref().shutdown(Shutdown::Write).unwrap();
            moment();
        }
        socket2::SockRef::from(stream.get_ref()).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(stream);
        assert_eq!(worker.reset(), (id, ResetReason::ClientGone));
    }
}
