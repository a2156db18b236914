//! Crons that one nano leaves to the next (`nanoctl upgrade`): no time is run twice, and none is left out.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::timetable::CronKey;
use super::{CronRecord, Crons};
use crate::handover::HeldCron;

/// Crons whose runs another nano has not finished.
pub(crate) struct RunningElsewhere(Vec<Rc<CronRecord>>);

impl Crons {
    /// Begins nothing from now on, until [`Self::go_on`]. Where each cron stands.
    pub(crate) fn hold(&self) -> Vec<HeldCron> {
        self.held.set(true);
        let (timetable, records) = (self.timetable.borrow(), self.records.borrow());
        let held = timetable.all().map(|(key, next)| HeldCron {
            app: key.app.to_string(),
            cron: key.cron.to_string(),
            // What waits to hear whose it is has not begun.
            next: self.claims.waits(key).or(next),
            running: records.get(key).is_some_and(|record| record.running.get().is_some()),
        });
        held.collect()
    }

    /// No other nano has begun anything.
    pub(crate) fn go_on(&self) {
        self.held.set(false);
        self.changed.notify_one();
    }

    /// Goes on where another nano has left off. What runs there still counts as running here, until the returned value says
    /// that it is over.
    pub(crate) fn take_over(&self, held: Vec<HeldCron>) -> RunningElsewhere {
        let mut running = Vec::new();
        let records = self.records.borrow();
        for HeldCron { app, cron, next, running: runs } in held {
            let key = CronKey { app: Arc::from(app), cron: Arc::from(cron) };
            self.timetable.borrow_mut().go_on(&key, next);
            if let Some(record) = records.get(&key).filter(|record| runs && record.running.get().is_none()) {
                record.running.set(Some(Instant::now()));
                running.push(Rc::clone(record));
            }
        }
        self.changed.notify_one();
        RunningElsewhere(running)
    }
}

impl RunningElsewhere {
    /// The other nano is gone.
    pub(crate) fn end(self) {
        self.0.iter().for_each(|record| record.running.set(None));
    }
}
