//! Workers that end while requests are with them.

use std::time::{Duration, Instant};

use nano_protocol::{BodyLength, ExitReason, Frame};
use nano_supervisor::app::Outage;
use nano_supervisor::upstream::LinkEvent;

use crate::client::{Answer, Cut};
use crate::host::{Host, PATIENCE, settings, until};
use crate::worker::{chunk, head};

#[test]
fn a_get_whose_worker_died_goes_to_another_once() {
    let (mut host, mut first) = Host::with_worker();
    let mut client = host.get("/");
    first.request();
    let mut second = host.add_worker();
    drop(first);
    let (id, request) = second.request();
    assert_eq!(request.url, "http://a.example/");
    second.respond(id, "second try");
    assert_eq!(client.answer().body, "second try");
    assert!(matches!(host.events.blocking_recv(), Some(LinkEvent::LinkClosed { .. })));
}

#[test]
fn what_was_lost_is_told_at_once() {
    let (mut host, mut worker) = Host::with_worker();
    let mut clients = Vec::new();
    for n in 0..40 {
        let mut client = host.connect();
        client.send(format!(
            "POST /{n}?secret HTTP/1.1\r\nHost: a.example\r\nX-Request-Id: r-{n}\r\nContent-Length: 0\r\n\r\n"
        ));
        let (id, _) = worker.request();
        if n == 0 {
            worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
            client.head().unwrap();
        }
        clients.push(client);
    }
    worker.send(&[Frame::Exiting { reason: ExitReason::Heap, culprit: Some(7) }]);
    let Some(LinkEvent::LinkClosed { in_flight: lost, .. }) = host.events.blocking_recv() else { panic!("not told") };
    assert_eq!((lost.requests.len(), lost.more), (32, 8));
    let [culprit, oldest] = &lost.requests[..2] else { panic!("{lost:?}") };
    assert_eq!((&*culprit.method, &*culprit.path, &*culprit.id, culprit.culprit), ("POST", "/7", "r-7", true));
    assert_eq!((&*oldest.id, oldest.answering, oldest.culprit), ("r-0", true, false));
    assert!(oldest.age >= culprit.age && oldest.age < PATIENCE, "{lost:?}");
}

#[test]
fn a_get_waits_for_the_worker_that_comes_after() {
    let (host, mut first) = Host::with_worker();
    let mut client = host.get("/");
    first.request();
    drop(first);
    until("it waits", || host.app.admission.waiting() == 1);
    let mut second = host.add_worker();
    let (id, _) = second.request();
    second.respond(id, "fresh");
    assert_eq!(client.answer().body, "fresh");
}

#[test]
fn a_get_that_ends_two_workers_is_given_up() {
    let (host, mut first) = Host::with_worker();
    let mut client = host.get("/");
    first.request();
    drop(first);
    let mut second = host.add_worker();
    second.request();
    drop(second);
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (502, "worker_died"));
}

#[test]
fn a_post_is_not_sent_twice() {
    let (host, mut first) = Host::with_worker();
    let mut client = host.connect();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
    first.request();
    let _second = host.add_worker();
    drop(first);
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (502, "worker_died"));
}

#[test]
fn a_begun_response_is_cut_and_never_ends_cleanly() {
    for known in [BodyLength::Known(100), BodyLength::Unknown] {
        let (host, mut worker) = Host::with_worker();
        let mut client = host.get("/");
        let (id, _) = worker.request();
        worker.send(&[head(id, 200, &[], known), chunk(id, "part", false)]);
        // Only then is it certain that the response has begun.
        let answer = client.head().unwrap();
        drop(worker);
        match answer.header("content-length") {
            Some(_) => assert_eq!(client.exactly(100), Err(Cut)),
            None => {
                assert_eq!(client.chunk().unwrap().unwrap(), b"part");
                assert_eq!(client.chunk(), Err(Cut));
            }
        }
    }
}

#[test]
fn a_begun_response_to_http_1_0_is_reset_because_its_end_would_look_clean() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.connect();
    client.send("GET / HTTP/1.0\r\nHost: a.example\r\n\r\n");
    let (id, _) = worker.request();
    worker.send(&[head(id, 200, &[], BodyLength::Unknown), chunk(id, "part", false)]);
    client.head().unwrap();
    assert_eq!(client.exactly(4).unwrap(), b"part");
    drop(worker);
    assert_eq!(client.rest(), Err(Cut));
}

#[test]
fn the_culprit_of_a_limit_is_told_and_the_others_go_on() {
    for (reason, code) in
        [(ExitReason::Cpu, "cpu_limit"), (ExitReason::Heap, "memory_limit"), (ExitReason::Memory, "memory_limit")]
    {
        let (host, mut first) = Host::with_worker();
        let mut culprit = host.get("/culprit");
        let (id, _) = first.request();
        let mut other = host.get("/other");
        first.request();
        first.send(&[Frame::Exiting { reason, culprit: Some(id) }]);
        let answer = culprit.answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (503, code));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(first.worker.exit(), Some(reason));
        let mut second = host.add_worker();
        let (id, request) = second.request();
        assert_eq!(request.url, "http://a.example/other");
        second.respond(id, "unharmed");
        assert_eq!(other.answer().body, "unharmed");
    }
}

#[test]
fn the_only_request_of_a_worker_that_was_killed_for_a_limit_is_the_culprit() {
    let (host, mut worker) = Host::with_worker();
    let mut client = host.get("/");
    worker.request();
    worker.worker.set_exit(ExitReason::Cpu);
    drop(worker);
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "cpu_limit"));
}

#[test]
fn whoever_was_with_a_worker_that_went_past_a_limit_is_told_so() {
    for (reason, code) in
        [(ExitReason::Cpu, "cpu_limit"), (ExitReason::Heap, "memory_limit"), (ExitReason::Memory, "memory_limit")]
    {
        let (host, mut worker) = Host::with_worker();
        let mut clients: Vec<_> = (0..3)
            .map(|_| {
                let mut client = host.connect();
                client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
                worker.request();
                client
            })
            .collect();
        // It named no request: the reason came from its exit status or the kernel.
        worker.worker.set_exit(reason);
        drop(worker);
        for client in &mut clients {
            let answer = client.answer();
            assert_eq!((answer.status, answer.error_code().as_str()), (503, code));
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }
}

#[test]
fn a_worker_that_does_not_answer_in_time_costs_only_that_request() {
    let mut hasty = settings();
    hasty.timeout = Duration::from_millis(100);
    let host = Host::with(hasty, |_| {});
    let mut worker = host.add_worker();
    let start = Instant::now();
    let mut client = host.get("/slow");
    let (slow, _) = worker.request();
    let answer = client.answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (504, "timeout"));
    assert!(start.elapsed() >= Duration::from_millis(100), "after {:?}", start.elapsed());
    assert_eq!(worker.reset(), (slow, nano_protocol::ResetReason::TimedOut));

    // The time ends with the head; a body may take longer.
    let (mut client, id) = {
        let mut in_time = None;
        until("a head comes in time", || {
            let mut client = host.get("/");
            let (id, _) = worker.request();
            worker.send(&[head(id, 200, &[], BodyLength::Unknown)]);
            let came = client.head().unwrap().status == 200;
            if came {
                in_time = Some((client, id));
            } else {
                assert_eq!(worker.reset().0, id);
            }
            came
        });
        in_time.unwrap()
    };
    std::thread::sleep(Duration::from_millis(150));
    worker.send(&[chunk(id, "late", true)]);
    assert_eq!(client.chunk().unwrap().unwrap(), b"late");
    assert_eq!(client.chunk().unwrap(), None);
}

/// `Retry-After` is the rest of this pause, in whole seconds.
fn assert_retry_after(answer: &Answer, pause: Duration, since: Instant) {
    let told: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    let whole = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let (least, most) = (whole(pause.saturating_sub(since.elapsed())).max(1), whole(pause));
    assert!((least..=most).contains(&told), "{told} s, not {least} to {most}");
}

#[test]
fn without_a_worker_requests_wait_but_not_for_ever() {
    let mut hasty = settings();
    hasty.timeout = Duration::from_millis(50);
    let host = Host::with(hasty, |_| {});
    let answer = host.get("/").answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "queue_timeout"));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn an_app_that_does_not_run_refuses_at_once() {
    let host = Host::new();
    let mut waiting = host.get("/");
    until("it waits", || host.app.admission.waiting() == 1);
    let (pause, since) = (Duration::from_millis(604_500), Instant::now());
    host.app.availability.refuse(Outage::Crashes, pause);
    host.app.admission.wake_all();
    for client in [&mut waiting, &mut host.get("/")] {
        let answer = client.answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (503, "app_unavailable"));
        assert_retry_after(&answer, pause, since);
    }
    host.app.availability.refuse(Outage::StartFails, Duration::ZERO);
    let answer = host.get("/").answer();
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "app_start_failed"));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn after_a_crash_loop_one_request_tries_the_worker() {
    let host = Host::new();
    host.app.availability.refuse(Outage::Crashes, Duration::ZERO);
    host.app.availability.restored();
    let mut worker = host.add_worker();
    let refused = |path: &str| {
        let answer = host.get(path).answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (503, "app_unavailable"), "{path}");
        assert_eq!(answer.header("retry-after"), Some("1"));
    };
    // A probe whose client leaves proves nothing: another one may go.
    let gone = host.get("/gone");
    let (id, _) = worker.request();
    refused("/beside-it");
    drop(gone);
    assert_eq!(worker.reset(), (id, nano_protocol::ResetReason::ClientGone));
    until("its place is free", || host.app.availability.refused().is_none());

    let mut probe = host.get("/probe");
    let (id, head) = worker.request();
    assert_eq!(head.url, "http://a.example/probe");
    refused("/beside-the-next");
    worker.respond(id, "fine");
    assert_eq!(probe.answer().body, "fine");
    // Now all may go at once.
    let clients: Vec<_> = (0..5).map(|n| host.get(&format!("/{n}"))).collect();
    let ids: Vec<_> = clients.iter().map(|_| worker.request().0).collect();
    for id in ids {
        worker.respond(id, "open");
    }
    assert!(clients.into_iter().all(|mut client| client.answer().body == "open"));
}

#[test]
fn a_probe_that_waits_for_a_worker_is_refused_when_there_will_be_none() {
    let host = Host::new();
    host.app.availability.refuse(Outage::Crashes, Duration::ZERO);
    host.app.availability.restored();
    let mut probe = host.get("/");
    until("it waits", || host.app.admission.waiting() == 1);
    let (pause, since) = (Duration::from_secs(700), Instant::now());
    host.app.availability.refuse(Outage::Crashes, pause);
    host.app.admission.wake_all();
    let answer = probe.answer();
    assert_eq!(answer.error_code(), "app_unavailable");
    assert_retry_after(&answer, pause, since);
}

#[test]
fn a_probe_that_ends_its_worker_opens_nothing() {
    let host = Host::new();
    host.app.availability.refuse(Outage::Crashes, Duration::ZERO);
    host.app.availability.restored();
    let mut worker = host.add_worker();
    let mut probe = host.connect();
    probe.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
    worker.request();
    // What the control plane does when it finds the process dead.
    let (pause, since) = (Duration::from_secs(300), Instant::now());
    host.app.availability.refuse(Outage::Crashes, pause);
    worker.worker.set_exit(ExitReason::Crash);
    drop(worker);
    assert_eq!(probe.answer().error_code(), "worker_died");
    let answer = host.get("/").answer();
    assert_eq!(answer.error_code(), "app_unavailable");
    assert_retry_after(&answer, pause, since);
}

#[test]
fn while_nobody_knows_why_a_worker_died_others_are_served() {
    let (host, mut first) = Host::with_worker();
    let mut lost = host.connect();
    lost.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
    first.request();
    // The new one has more to do than the dead one, whose link is looked at for a while yet.
    let mut second = host.add_worker();
    second.worker.in_flight.fetch_add(10, std::sync::atomic::Ordering::Relaxed);
    drop(first);
    let mut clients: Vec<_> = (0..20).map(|_| host.get("/")).collect();
    for client in &mut clients {
        let (id, _) = second.request();
        second.respond(id, "served");
        assert_eq!(client.answer().body, "served");
    }
    assert_eq!(lost.answer().status, 502);
}
