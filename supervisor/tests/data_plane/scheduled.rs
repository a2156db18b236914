//! Runs of crons: to one worker, once, with a place; and workers that answer what they must not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nano_protocol::{BodyLength, ExitReason, Frame, RequestId, ResetReason, Scheduled, StreamId};
use nano_supervisor::app::App;
use nano_supervisor::shard::command::ShardCommand;
use nano_supervisor::upstream::{LinkEvent, RunEnd, RunReport};
use tokio::sync::oneshot;

use crate::host::{Host, PATIENCE, app, routes, settings, until};
use crate::worker::{FakeWorker, chunk, head};

const CRON: &str = "*/5 * * * *";
const TIME: u64 = 1_772_409_600_000;

fn begin(host: &Host, of: &Arc<App>, limit: Duration) -> oneshot::Receiver<RunReport> {
    let (done, report) = oneshot::channel();
    let event = Scheduled { cron: CRON.to_owned(), time: TIME, request_id: "run-1".to_owned() };
    host.send(ShardCommand::RunScheduled { app: Arc::clone(of), event, limit, done });
    report
}

fn run(host: &Host) -> oneshot::Receiver<RunReport> {
    begin(host, &host.app, PATIENCE)
}

fn report(mut run: oneshot::Receiver<RunReport>) -> RunReport {
    let mut report = None;
    until("the run is over", || {
        report = run.try_recv().ok();
        report.is_some()
    });
    report.unwrap()
}

/// The next frame must be a scheduled event.
fn event(worker: &mut FakeWorker) -> RequestId {
    match worker.next() {
        Some(Frame::Scheduled(id, event)) => {
            assert_eq!((event.cron.as_str(), event.time, event.request_id.as_str()), (CRON, TIME, "run-1"));
            id
        }
        other => panic!("wanted a scheduled event, got {other:?}"),
    }
}

fn in_flight(worker: &FakeWorker) -> u32 {
    worker.worker.in_flight.load(Ordering::SeqCst)
}

#[test]
fn a_run_has_a_place_until_it_is_over() {
    let mut settings = settings();
    settings.max_concurrent = 1;
    let host = Host::with(settings, |_| {});
    let mut worker = host.add_worker();
    let first = run(&host);
    let id = event(&mut worker);
    assert_eq!(in_flight(&worker), 1);
    let mut client = host.get("/");
    until("the request waits", || host.app.admission.waiting() == 1);
    assert_eq!(host.app.metrics.requests_in_flight(), 1, "a run is no HTTP request");
    worker.send(&[Frame::ScheduledDone { id }]);
    assert_eq!(report(first), RunReport { end: RunEnd::Done, pid: Some(worker.worker.pid) });
    let (id, _) = worker.request();
    let second = run(&host);
    until("the run waits", || host.app.admission.waiting() == 1);
    worker.respond(id, "x");
    assert_eq!(client.answer().status, 200);
    let id = event(&mut worker);
    worker.send(&[Frame::ScheduledDone { id }]);
    assert_eq!(report(second).end, RunEnd::Done);
    until("all places are free", || in_flight(&worker) == 0);
}

#[test]
fn of_several_workers_one_gets_it() {
    let mut settings = settings();
    settings.workers = 3;
    let host = Host::with(settings, |_| {});
    let mut workers: Vec<_> = (0..3).map(|_| host.add_worker()).collect();
    let runs: Vec<_> = (0..3).map(|_| run(&host)).collect();
    until("each has one", || workers.iter().all(|worker| in_flight(worker) == 1));
    for worker in &mut workers {
        let id = event(worker);
        worker.send(&[Frame::ScheduledDone { id }]);
    }
    assert!(runs.into_iter().all(|run| report(run).end == RunEnd::Done));
}

#[test]
fn what_the_app_does_with_it_is_told() {
    let (host, mut worker) = Host::with_worker();
    for (reason, code) in [(ResetReason::HandlerThrew, "handler_threw"), (ResetReason::NoHandler, "no_handler")] {
        let run = run(&host);
        let id = event(&mut worker);
        worker.send(&[Frame::reset(StreamId::request(id), reason)]);
        assert_eq!(report(run).end, RunEnd::Failed(code));
    }
    // It was not begun: it is sent once more.
    let run = run(&host);
    let id = event(&mut worker);
    worker.send(&[Frame::reset(StreamId::request(id), ResetReason::Refused)]);
    let id = event(&mut worker);
    worker.send(&[Frame::ScheduledDone { id }]);
    assert_eq!(report(run).end, RunEnd::Done);
}

#[test]
fn one_that_takes_too_long_is_given_up_and_has_its_place_until_the_worker_has_let_go() {
    let (host, mut worker) = Host::with_worker();
    worker.acknowledges = false;
    let run = begin(&host, &host.app, Duration::from_millis(100));
    let id = event(&mut worker);
    assert_eq!(report(run).end, RunEnd::TimedOut);
    assert_eq!(worker.reset(), (id, ResetReason::TimedOut));
    assert_eq!((in_flight(&worker), host.app.metrics.requests_in_flight()), (1, 0));
    // Too late, and of no use.
    worker.send(&[Frame::ScheduledDone { id }, Frame::ResetAck { id }]);
    until("its place is free", || in_flight(&worker) == 0);
    // Requests have their own time on the same link.
    let mut client = host.get("/");
    let (id, _) = worker.request();
    worker.respond(id, "x");
    assert_eq!(client.answer().status, 200);
}

#[test]
fn what_a_worker_may_have_read_is_not_run_again() {
    let (mut host, mut worker) = Host::with_worker();
    let first = run(&host);
    event(&mut worker);
    worker.worker.set_exit(ExitReason::Cpu);
    let of = Arc::clone(&worker.worker);
    drop(worker);
    assert_eq!(report(first).end, RunEnd::Failed("cpu_limit"));
    host.await_link_end(&of);
    let mut second = host.add_worker();
    let mut client = host.get("/");
    let (id, _) = second.request();
    second.respond(id, "the next frame is a request");
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_generation_that_is_gone_sends_the_run_elsewhere() {
    let (host, worker) = Host::with_worker();
    let other = app(settings());
    assert_eq!(report(begin(&host, &other, PATIENCE)).end, RunEnd::Moved, "it never served here");
    // One that waits while its generation is replaced.
    let waiting = Host::new();
    let run = run(&waiting);
    until("it waits", || waiting.app.admission.waiting() == 1);
    let next = app(settings());
    waiting.order(|done| ShardCommand::SwapRoutes { routes: routes(&next), done });
    assert_eq!(report(run).end, RunEnd::Moved);
    drop((host, worker));
}

#[test]
fn an_app_without_room_or_worker_refuses() {
    let mut settings = settings();
    settings.timeout = Duration::from_millis(50);
    let host = Host::with(settings, |_| {});
    assert_eq!(report(run(&host)), RunReport { end: RunEnd::Refused("queue_timeout"), pid: None });
    host.app.availability.stop(true);
    assert_eq!(report(run(&host)).end, RunEnd::Refused("app_stopped"));
    host.app.availability.stop(false);
    let refused = nano_supervisor::app::Outage::Crashes;
    host.app.availability.refuse(refused, PATIENCE);
    assert_eq!(report(run(&host)).end, RunEnd::Refused("app_unavailable"));
}

/// Has a worker answer a run with something illegal, and checks that it is found out.
fn found_out(crime: impl FnOnce(&mut FakeWorker, RequestId)) -> String {
    let (mut host, mut worker) = Host::with_worker();
    let run = run(&host);
    let id = event(&mut worker);
    crime(&mut worker, id);
    assert_eq!(report(run).end, RunEnd::Failed("worker_protocol"));
    assert_eq!(worker.worker.exit(), Some(ExitReason::Protocol));
    let Some(LinkEvent::ProtocolViolation { detail, .. }) = host.events.blocking_recv() else {
        panic!("the control plane was not told")
    };
    detail
}

#[test]
fn answers_that_are_none() {
    let is_no_answer = |detail: String| assert!(detail.contains("scheduled event"), "{detail}");
    is_no_answer(found_out(|worker, id| worker.send(&[head(id, 200, &[], BodyLength::None)])));
    is_no_answer(found_out(|worker, id| worker.send(&[head(id, 101, &[], BodyLength::Unknown)])));
    is_no_answer(found_out(|worker, id| worker.send(&[Frame::BodyWanted { id }])));
    assert!(found_out(|worker, id| worker.send(&[chunk(id, "x", true)])).contains("before its head"));
    assert!(found_out(|worker, id| worker.send(&[Frame::ResetAck { id }])).contains("acknowledgement"));
    for reason in [
        ResetReason::NoResponse,
        ResetReason::BodyErrored,
        ResetReason::BodyUnwanted,
        ResetReason::ClientGone,
        ResetReason::TimedOut,
    ] {
        let detail = found_out(|worker, id| worker.send(&[Frame::reset(StreamId::request(id), reason)]));
        assert!(detail.contains("reset"), "{reason:?}: {detail}");
    }
    let credit = |worker: &mut FakeWorker, id| {
        worker.send(&[Frame::Credit { stream: StreamId::request(id), bytes: u32::MAX }]);
    };
    assert!(found_out(credit).contains("window"));
    assert!(found_out(|worker, id| worker.send(&[Frame::ScheduledDone { id: id + 1 }])).contains("never sent"));
}

#[test]
fn a_request_is_not_answered_as_a_run() {
    for crime in [|id| Frame::ScheduledDone { id }, |id| Frame::reset(StreamId::request(id), ResetReason::NoHandler)] {
        let (_host, mut worker, mut client) = {
            let (host, worker) = Host::with_worker();
            let client = host.get("/");
            (host, worker, client)
        };
        let (id, _) = worker.request();
        worker.send(&[crime(id)]);
        let answer = client.answer();
        assert_eq!((answer.status, answer.error_code().as_str()), (502, "worker_protocol"));
    }
}

/// A second end costs nothing, and a flood of them ends the worker as any flood of useless frames does.
#[test]
fn an_end_that_is_told_without_end() {
    let (mut host, mut worker) = Host::with_worker();
    let run = run(&host);
    let id = event(&mut worker);
    worker.send(&[Frame::ScheduledDone { id }, Frame::ScheduledDone { id }]);
    assert_eq!(report(run).end, RunEnd::Done);
    let flood = vec![Frame::ScheduledDone { id }; 10_000];
    while worker.try_send(&flood).is_ok() {}
    let Some(LinkEvent::ProtocolViolation { detail, .. }) = host.events.blocking_recv() else {
        panic!("the control plane was not told")
    };
    assert!(detail.contains("of no use"), "{detail}");
}
