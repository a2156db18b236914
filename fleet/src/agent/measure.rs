//! What this node tells the fleet of apps that are rolled out: whether the new version serves here, and what was answered
//! since it does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nano_fleet_link::Numbers;

use super::{Agent, Verdict};
use crate::rollout::AT_ONCE;
use crate::rollout::judge::Standing;
use crate::rollout::numbers::since;
use crate::table::MAX_REASON;

/// How often a node says new numbers: a part of the pause, between these; and new errors as often as it can.
const SAY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
const PART_OF_PAUSE: u32 = 10;

/// The numbers of one app for as long as it is rolled out.
pub(super) struct Measure {
    /// Which rollout.
    rollout: i64,
    /// The generation that is counted.
    generation: u64,
    /// What there was before it served, or before the rollout began; `None`: nano has not said yet.
    base: Option<Numbers>,
    /// What the old version had answered by then; `None`: not known yet.
    before: Option<Numbers>,
    /// What is said, and when it was said anew.
    said: (Numbers, Option<Instant>),
}

/// A rollout that this node has a part in.
struct Attended {
    app: String,
    rollout: i64,
    /// The new generation.
    new: u64,
    pause: Duration,
}

impl Agent {
    /// The rollouts that go on, up to a number, of apps that are for this node.
    fn attended(&self) -> Vec<Attended> {
        let Some(known) = &self.known else { return Vec::new() };
        let rollouts = self.rollouts.borrow();
        let mut all: Vec<_> = rollouts
            .iter()
            .filter_map(|(name, rollout)| Some((name, rollout.made, rollout.value.as_ref().ok()?)))
            .filter(|(name, _, rollout)| known.contains_key(*name) && rollout.new.is_for(&self.fleet.labels))
            .map(|(name, rollout, value)| Attended {
                app: name.clone(),
                rollout,
                new: value.new.generation,
                pause: Duration::from_secs(value.plan.pause_s),
            })
            .collect();
        all.sort_by_key(|each| each.rollout);
        all.truncate(AT_ONCE);
        all
    }

    /// Has nano count what is rolled out.
    pub(super) fn watch_rollouts(&mut self) {
        let attended = self.attended();
        let names: Vec<String> = attended.iter().map(|each| each.app.clone()).collect();
        if names != self.watched {
            self.nano.watch(names.clone());
            self.watched = names;
        }
        let mut before = std::mem::take(&mut self.measures);
        for Attended { app: name, rollout, new, .. } in attended {
            let generation = self.applied.get(&name).map_or(0, |row| row.mark.generation);
            let measure = match before.remove(&name).filter(|measure| measure.rollout == rollout) {
                Some(measure) if measure.generation == generation => measure,
                // The new version serves from now on, and what comes next is its own.
                Some(measure) => Measure { generation, base: None, said: (Numbers::default(), None), ..measure },
                None => Measure {
                    rollout,
                    generation,
                    base: None,
                    // Of what there was before this agent nothing is known, if the new version serves already.
                    before: (generation == new).then(Numbers::default),
                    said: (Numbers::default(), None),
                },
            };
            self.measures.insert(name, measure);
        }
    }

    pub(super) fn take_numbers(&mut self, apps: &BTreeMap<String, Numbers>) {
        let pauses: BTreeMap<String, Duration> =
            self.attended().into_iter().map(|each| (each.app, each.pause)).collect();
        for (name, measure) in &mut self.measures {
            let Some(now) = apps.get(name) else { continue };
            let Some(base) = &measure.base else {
                measure.before.get_or_insert_with(|| now.clone());
                measure.base = Some(now.clone());
                continue;
            };
            let pause = pauses.get(name).copied().unwrap_or_default();
            let new = since(now, base);
            // Errors are what a rollout is halted for.
            let soon = new.errors > measure.said.0.errors;
            let every = if soon { SAY.0 } else { (pause / PART_OF_PAUSE).clamp(SAY.0, SAY.1) };
            if measure.said.1.is_none_or(|at| at.elapsed() + SAY.0 / 4 >= every) {
                measure.said = (new, Some(Instant::now()));
            }
        }
    }

    /// A part of the report.
    pub(super) fn standings(&self) -> BTreeMap<String, Standing> {
        let standing = |(name, measure): (&String, &Measure)| {
            let refused = match self.verdicts.get(name) {
                Some((revision, Verdict::Refused(why))) if *revision == measure.rollout => {
                    why.chars().take(MAX_REASON).collect()
                }
                _ => String::new(),
            };
            let standing = Standing {
                rollout: measure.rollout,
                generation: measure.generation,
                refused,
                numbers: measure.said.0.clone(),
                counted: measure.said.1.is_some(),
                before: measure.before.clone(),
            };
            (name.clone(), standing)
        };
        self.measures.iter().map(standing).collect()
    }
}
