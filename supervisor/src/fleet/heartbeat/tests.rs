//! Pings of busy workers, and what a missing pong means.

use super::*;

const CPU: Duration = Duration::from_millis(500);

fn pulse(cpu_ms: u64, running: bool) -> impl FnOnce() -> Pulse {
    move || Pulse { cpu: Duration::from_millis(cpu_ms), running: Some(running) }
}

fn hidden(cpu_ms: u64) -> impl FnOnce() -> Pulse {
    move || Pulse { cpu: Duration::from_millis(cpu_ms), running: None }
}

fn asked() -> (Heartbeat, Instant) {
    let start = Instant::now();
    let mut heartbeat = Heartbeat::new(CPU, start);
    assert_eq!(heartbeat.beat(true, start + BUSY_INTERVAL, pulse(100, true)), Beat::Ping(1));
    (heartbeat, start + BUSY_INTERVAL)
}

/// What is done about one that was late before, too.
fn late_again(heartbeat: &mut Heartbeat, now: Instant, cpu_ms: u64, running: bool) -> Beat {
    assert_eq!(heartbeat.beat(true, now, pulse(cpu_ms, running)), Beat::Wait);
    assert_eq!(heartbeat.next(now), now + BUSY_INTERVAL);
    heartbeat.beat(true, now + BUSY_INTERVAL, pulse(cpu_ms, running))
}

#[test]
fn an_answer_that_was_not_read_yet_is_waited_for() {
    let (mut heartbeat, sent) = asked();
    let late = sent + CPU + GRACE;
    assert_eq!(heartbeat.beat(true, late, pulse(110, false)), Beat::Wait);
    assert!(heartbeat.pong(1));
    assert_eq!(heartbeat.beat(true, late + BUSY_INTERVAL, pulse(110, false)), Beat::Ping(2));
}

#[test]
fn pings_more_often_while_busy() {
    let start = Instant::now();
    let mut heartbeat = Heartbeat::new(CPU, start);
    assert_eq!(heartbeat.beat(false, start + BUSY_INTERVAL, pulse(0, false)), Beat::Wait);
    assert_eq!(heartbeat.beat(false, start + QUIET_INTERVAL, pulse(0, false)), Beat::Ping(1));
    assert!(heartbeat.pong(1));
    assert_eq!(heartbeat.beat(true, start + QUIET_INTERVAL + BUSY_INTERVAL, pulse(0, false)), Beat::Ping(2));
    assert!(!heartbeat.pong(1));
    assert!(heartbeat.pong(2));
    assert!(!heartbeat.pong(2));
}

#[test]
fn a_loop_is_a_matter_of_cpu() {
    let (mut heartbeat, sent) = asked();
    let late = sent + CPU + GRACE;
    assert_eq!(heartbeat.next(sent), late);
    assert_eq!(heartbeat.beat(true, late - Duration::from_millis(1), pulse(2600, true)), Beat::Wait);
    assert_eq!(heartbeat.beat(true, late, pulse(2599, true)), Beat::Wait);
    assert_eq!(late_again(&mut heartbeat, late, 2600, true), Beat::Kill(ExitReason::Cpu));
}

#[test]
fn a_stopped_one_is_a_matter_of_time() {
    let (mut heartbeat, sent) = asked();
    assert_eq!(late_again(&mut heartbeat, sent + CPU + GRACE, 110, false), Beat::Kill(ExitReason::Wall));
}

#[test]
fn a_starved_one_gets_more_time() {
    let (mut heartbeat, sent) = asked();
    assert_eq!(heartbeat.beat(true, sent + CPU + GRACE, pulse(599, true)), Beat::Wait);
    let last = sent + (CPU + GRACE) * STARVED_FACTOR;
    assert_eq!(late_again(&mut heartbeat, last, 599, true), Beat::Kill(ExitReason::Wall));
    assert_eq!(heartbeat.beat(true, last, pulse(600, true)), Beat::Kill(ExitReason::Cpu));
}

#[test]
fn where_the_state_is_hidden_time_spent_tells() {
    let (mut heartbeat, sent) = asked();
    assert_eq!(heartbeat.beat(true, sent + CPU + GRACE, hidden(599)), Beat::Wait);
    assert_eq!(heartbeat.beat(true, sent + CPU + GRACE, hidden(100)), Beat::Wait);
    assert_eq!(heartbeat.beat(true, sent + CPU + GRACE, hidden(100)), Beat::Kill(ExitReason::Wall));
    assert_eq!(heartbeat.beat(true, sent + CPU + GRACE, hidden(2600)), Beat::Kill(ExitReason::Cpu));
}
