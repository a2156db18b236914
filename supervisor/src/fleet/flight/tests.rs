//! What a flight record waits for, and what is bounded in it.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn death(app: &str, reason: ExitReason, pid: u32) -> DeathReport {
    DeathReport {
        app: app.into(),
        pid,
        generation: 1,
        reason,
        how: "signal SIGKILL".to_owned(),
        detail: None,
        uptime: Duration::from_secs(3),
        cpu: Duration::ZERO,
        stats: Stats::default(),
        report_age: None,
        memory_limit: 128 << 20,
        is_reported: false,
        lines: Rc::default(),
        lost_requests: Rc::default(),
    }
}

fn request(id: &str, age: u64) -> LostRequest {
    LostRequest {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        id: id.to_owned(),
        age: Duration::from_millis(age),
        answering: false,
        culprit: false,
    }
}

fn pids(records: &[Rc<FlightRecord>]) -> Vec<u32> {
    records.iter().map(|record| record.pid).collect()
}

#[tokio::test]
async fn waits_for_every_shard_and_knows_its_requests() {
    let records = FlightRecords::default();
    let death = death("a", ExitReason::Crash, 7);
    let lost_requests = Rc::clone(&death.lost_requests);
    lost_requests.expect(2);
    lost_requests.report(InFlight { requests: vec![request("young", 1)], more: 0 });
    let shards = async {
        tokio::task::yield_now().await;
        assert!(records.of_app("a").is_empty());
        lost_requests.report(InFlight { requests: vec![request("old", 9)], more: 3 });
    };
    tokio::join!(records.write(death), shards);
    let found = records.of_request("young");
    assert_eq!(pids(&found), [7]);
    let json = serde_json::to_value(&*found[0]).unwrap();
    assert_eq!((&json["in_flight"], &json["requests"][0]["request_id"]), (&5.into(), &"old".into()));
    assert!(records.of_request("other").is_empty() && records.of_app("b").is_empty());
}

#[tokio::test]
async fn a_shard_that_says_nothing_does_not_hold_it_up() {
    let records = FlightRecords::default();
    let death = death("a", ExitReason::Wall, 7);
    death.lost_requests.expect(1);
    records.write(death).await;
    assert_eq!(pids(&records.of_app("a")), [7]);
}

#[tokio::test]
async fn an_end_that_was_wanted_is_worth_a_record_if_it_lost_requests() {
    let records = FlightRecords::default();
    records.write(death("a", ExitReason::Reload, 1)).await;
    assert!(records.of_app("a").is_empty());
    let late = death("a", ExitReason::Reload, 2);
    late.lost_requests.report(InFlight { requests: vec![request("r", 1)], more: 0 });
    records.write(late).await;
    assert_eq!(pids(&records.of_request("r")), [2]);
}

#[tokio::test]
async fn an_app_that_dies_all_the_time_does_not_push_out_the_others() {
    let records = FlightRecords::default();
    records.write(death("quiet", ExitReason::Heap, 1)).await;
    for pid in 0..1000 {
        records.write(death("loud", ExitReason::Crash, pid)).await;
    }
    assert_eq!(pids(&records.of_app("quiet")), [1]);
    let loud = pids(&records.of_app("loud"));
    assert_eq!((loud.len(), loud[0]), (RECORDS_PER_APP, 999));
    for app in 0..2 * RECORDS {
        records.write(death(&app.to_string(), ExitReason::Crash, 1)).await;
    }
    let kept = records.kept.borrow();
    assert_eq!(kept.records.len(), RECORDS);
    assert_eq!(kept.bytes, kept.records.iter().map(|(_, length)| length).sum::<usize>());
}

#[tokio::test]
async fn bytes_are_bounded() {
    let records = FlightRecords::default();
    for app in 0..RECORDS {
        let death = death(&app.to_string(), ExitReason::Crash, 1);
        for _ in 0..100 {
            death.lines.borrow_mut().push(&"\u{1}".repeat(LINE));
        }
        let requests = (0..100).map(|age| request(&"x".repeat(128), age)).collect();
        death.lost_requests.report(InFlight { requests, more: 0 });
        records.write(death).await;
    }
    let kept = records.kept.borrow();
    assert!(kept.bytes <= BYTES && kept.records.len() > 50, "{} bytes, {} records", kept.bytes, kept.records.len());
    assert!(kept.records.iter().all(|(record, _)| record.requests.len() == REQUESTS && record.in_flight == 100));
}

#[test]
fn the_last_lines_are_few_and_short() {
    let mut lines = LastLines::default();
    for number in 0..100 {
        lines.push(&format!("line {number}\n"));
    }
    lines.push("\n");
    assert_eq!((lines.to_vec().len(), lines.to_vec()[LINES - 1].as_str()), (LINES, "line 99"));
    for _ in 0..100 {
        lines.push(&"é".repeat(LINE));
    }
    assert!(lines.bytes <= LINES_BYTES && lines.to_vec().iter().all(|line| line.len() <= LINE));
}
