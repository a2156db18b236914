//! Clients that send what costs them little and a server much. Meanwhile a neighbour asks, on a connection of its own, and
//! the supervisor's memory is looked at.

use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Http2, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE,
    frame, head,
};
use crate::serve;
use nano_test::Nano;
use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes of memory that the supervisor has of its own.
pub(crate) fn memory(nano: &Nano) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", nano.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// How long a neighbour's requests take, in order; and the most memory that the supervisor has meanwhile.
fn asks(nano: &Nano, so_long: Duration) -> (Vec<Duration>, u64) {
    let mut neighbour = nano.connect();
    let (mut times, mut most) = (Vec::new(), 0);
    let begun = Instant::now();
    while begun.elapsed() < so_long || times.len() < 20 {
        let asked = Instant::now();
        assert_eq!(neighbour.get("b.example", "/").unwrap().status, 200);
        times.push(asked.elapsed());
        most = most.max(memory(nano));
    }
    times.sort();
    (times, most)
}

/// Attackers send until they are told to stop, or are cut off; then they come again.
fn under_attack(attack: impl Fn(&mut Http2, &AtomicBool) + Sync, settings: &[(u16, u32)]) {
    let (_site, mut nano) = serve();
    let address: SocketAddr = nano.address;
    let stop = AtomicBool::new(false);
    let (quiet, _) = asks(&nano, Duration::from_millis(500));
    let before = memory(&nano);
    let most = std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut http = Http2::open(address, settings);
                    http.socket.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
                    attack(&mut http, &stop);
                }
            });
        }
        let (times, most) = asks(&nano, Duration::from_secs(4));
        stop.store(true, Ordering::Relaxed);
        let figures = |times: &[Duration]| {
            let at = |part: usize| times[(times.len() - 1) * part / 100];
            format!("median {:?}, 99 of 100 within {:?}", at(50), at(99))
        };
        eprintln!("quiet: {}", figures(&quiet));
        eprintln!("attacked: {}, {} KiB more", figures(&times), (most - before.min(most)) >> 10);
        assert!(times[times.len() / 2] < Duration::from_millis(500), "a neighbour waits {:?}", times[times.len() / 2]);
        most
    });
    // What four connections may hold: 100 requests each, with the first window of a response, some of them a wide one.
    assert!(most.saturating_sub(before) < 64 << 20, "{} MiB more", most.saturating_sub(before) >> 20);
    assert!(nano.is_running());
    let mut http = Http2::open(address, &[]);
    http.get(1, "/");
    assert!(http.body(1).is_ok(), "others are served after it");
}

/// Sends the same again and again, and reads nothing.
fn repeat(bytes: &[u8]) -> impl Fn(&mut Http2, &AtomicBool) + Sync {
    let many = bytes.repeat(65_536 / bytes.len());
    move |http, stop| while !stop.load(Ordering::Relaxed) && http.send(&many).is_ok() {}
}

#[test]
fn rapid_resets() {
    let get = head("GET", "/wait?ms=100", &[]);
    under_attack(
        |http, stop| {
            let mut stream = 1;
            while !stop.load(Ordering::Relaxed) {
                let mut bytes = Vec::new();
                for _ in 0..100 {
                    bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &get));
                    bytes.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
                    stream += 2;
                }
                if http.send(&bytes).is_err() {
                    return;
                }
            }
        },
        &[],
    );
}

#[test]
fn continuations_without_end() {
    let piece = frame(CONTINUATION, 0, 1, &[0; 0]);
    under_attack(
        |http, stop| {
            drop(http.send(&frame(HEADERS, END_STREAM, 1, &head("GET", "/", &[]))));
            repeat(&piece)(http, stop);
        },
        &[],
    );
    let padded = frame(CONTINUATION, 0, 1, &crate::frames::fields(&[("x", &"y".repeat(1000))]));
    under_attack(
        |http, stop| {
            drop(http.send(&frame(HEADERS, END_STREAM, 1, &head("GET", "/", &[]))));
            repeat(&padded)(http, stop);
        },
        &[],
    );
}

#[test]
fn settings_and_pings() {
    under_attack(repeat(&frame(SETTINGS, 0, 0, &[])), &[]);
    under_attack(repeat(&frame(PING, 0, 0, &[0; 8])), &[]);
    under_attack(repeat(&frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 7])), &[]);
    under_attack(repeat(&frame(0xbe, 0, 0, &[])), &[]);
}

#[test]
fn empty_and_tiny_pieces_of_a_body_that_nobody_reads() {
    for piece in [frame(DATA, 0, 1, &[]), frame(DATA, 0, 1, b"x"), frame(DATA, 8, 1, &[200; 201])] {
        under_attack(
            |http, stop| {
                drop(http.send(&frame(HEADERS, END_HEADERS, 1, &head("POST", "/unread", &[]))));
                repeat(&piece)(http, stop);
            },
            &[],
        );
    }
}

#[test]
fn windows_of_one_byte_and_of_none() {
    under_attack(
        |http, stop| {
            for at in 0..100 {
                http.get(at * 2 + 1, "/pieces?n=100");
            }
            let mut one = Vec::new();
            for at in 0..100_u32 {
                one.extend(frame(WINDOW_UPDATE, 0, at * 2 + 1, &1_u32.to_be_bytes()));
            }
            repeat(&one)(http, stop);
        },
        &[(4, 0)],
    );
    under_attack(
        |http, stop| {
            // As many as there may be: more would end the connection.
            for at in 0..100 {
                http.get(at * 2 + 1, "/pieces?n=100");
            }
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(10));
            }
        },
        &[(4, 0)],
    );
}

#[test]
fn headers_that_are_small_on_the_wire_alone() {
    // A field of 3,900 bytes goes into the table (RFC 7541 §6.2.1), and is named by one byte from then on.
    let mut bomb = head("GET", "/", &[]);
    bomb.extend_from_slice(&[0x40, 1, b'x', 127, 0xbd, 0x1d]);
    bomb.extend(vec![b'y'; 3900]);
    bomb.extend(vec![0xbe; 12_000]);
    under_attack(
        |http, stop| {
            let mut stream = 1;
            while !stop.load(Ordering::Relaxed) {
                if http.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &bomb)).is_err() {
                    return;
                }
                stream += 2;
            }
        },
        &[],
    );
}
