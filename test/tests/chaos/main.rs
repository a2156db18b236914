//! Chaos: everything at once, at random. Apps under load while workers are killed and stopped, burn processors and memory,
//! break the wire and flood the log; while reloads come, good and bad; while clients dawdle and the disk fills up.
//!
//! At the end the books must balance. Two apps were never touched: not one of their requests may be lost. Each request of
//! the others was answered well or with a reason, and what clients counted is what the metrics say. No process, control group
//! or socket is left over, and the supervisor has not grown.
//!
//! The seed gives the order of the faults, their targets and their sizes; it is printed, and `NANO_GATES_SEED` sets it. What
//! meets what in time is the machine's affair. `NANO_GATES=long` runs for minutes, `NANO_CHAOS_SECONDS` for as long as it says.
//!
//! Sabotage control: the same faults aimed at an app that counts as untouched. And the books, fed with what must not be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod clients;
mod faults;
mod ledger;
mod leftovers;
mod town;

use faults::Faults;
use leftovers::Leftovers;
use nano_test::{Dice, is_long, sized};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use town::Town;

/// Pause between two faults, in milliseconds: at least, and at random on top.
const PAUSE_MS: (u64, usize) = (40, 300);

fn seed() -> u64 {
    let clock = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    // Each short run is another one; its seed is in the output, to repeat it.
    std::env::var("NANO_GATES_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(clock)
}

fn duration() -> Duration {
    let asked = std::env::var("NANO_CHAOS_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(sized(15, 180)))
}

/// Faults until time is up; what was done.
fn rage<'t>(town: &'t Town, targets: &[&'static str], seed: u64, span: Duration) -> Faults<'t> {
    let mut dice = Dice::seeded(seed);
    let mut faults = Faults::new(town, targets);
    let start = Instant::now();
    while start.elapsed() < span {
        let deed = faults.commit(&mut dice);
        if is_long() || std::env::var_os("NANO_CHAOS_SECONDS").is_some() {
            eprintln!("{:8.3} s  {deed}", start.elapsed().as_secs_f64());
        }
        let pause = PAUSE_MS.0 + u64::try_from(dice.below(PAUSE_MS.1)).unwrap();
        std::thread::sleep(Duration::from_millis(pause));
    }
    faults.calm_down();
    faults
}

#[test]
fn in_chaos_untouched_apps_lose_nothing_and_the_books_balance() {
    let seed = seed();
    eprintln!("chaos: NANO_GATES_SEED={seed}");
    let mut town = Town::found();
    let clients = town.load();
    let before = Leftovers::of(&town.nano);
    let faults = rage(&town, &town::TOUCHED, seed, duration());
    // Whatever was done to it, each app serves again: while there is load, too.
    town.is_back();
    let waits = town.stop(clients);
    let ledger = town.balanced();
    eprintln!("chaos: NANO_GATES_SEED={seed}\n{}\n{}\n{waits}", ledger.table(), faults.table());
    let verdicts = [ledger.verdict(&town::UNTOUCHED), faults.verdict()];
    eprintln!("{}\n{}", town.exits(), before.settle(&town.nano));
    let seen = faults.seen;
    town.nano.signal(Signal::SIGTERM);
    let end = town.nano.wait();
    assert!(end.success(), "nano ended with {end}");
    Leftovers::nothing_is_left(&town, &seen);
    assert_eq!(verdicts, [Ok(()), Ok(())]);
    assert!(!town.nano.log.lines().iter().any(|line| line.contains("panicked")), "a panic");
}

#[test]
fn faults_that_meet_an_untouched_app_turn_it_red() {
    let town = Town::found();
    let clients = town.load();
    // Sooner or later a fault meets a request that is in flight.
    let noticed = (1..30).any(|seed| {
        drop(rage(&town, &["calm-post"], seed, Duration::from_secs(2)));
        town.ledger.verdict(&town::UNTOUCHED).is_err()
    });
    drop(clients.stop());
    assert!(noticed, "{}", town.ledger.table());
}
