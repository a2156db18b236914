//! Spares, the workers that wait for an app: each is given to one app, knows no secret before that, and an app that got the
//! first one with native code reaches neither those that wait nor the one that the next app got.
//!
//! Sabotage controls: one process that answers for two apps, and one that changes its title; a spare that was just found clean,
//! after its adoption, and a process that shares a socket; the hostile code outside of its sandbox, which reaches them all.

use nano_test::{Nano, until};
use serde_json::json;

mod hostile;
mod one_app;
mod secrets;

/// Waits until so many spares are ready, and no other is being started.
fn ready_spares(nano: &Nano, count: usize) -> Vec<i32> {
    until(&format!("{count} spares"), || {
        let status = nano.ctl_json(&["status"]);
        (status["spares"] == json!({ "ready": count, "wanted": count })).then_some(())?;
        Some(nano.spares()).filter(|spares| spares.len() == count)
    })
}

/// Only root may look into other processes.
fn may_look() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root may look into the workers");
    }
    root
}
