//! Certificates that were renewed: read in a process beside this one, since keys are secrets.

use super::Spawner;
use crate::certificates::ReadingCertificates;
use crate::shortage::explain;
use crate::wire::{Reply, SpawnerRefusal};

impl Spawner {
    pub(super) fn read_certificates(&mut self, id: u64) {
        if self.certificates.is_some() {
            return self.refuse(id, SpawnerRefusal::Request("certificates are being read".to_owned()));
        }
        let Some(now) = self.serving.as_ref().and_then(|serving| serving.certificates.changed()) else {
            return self.reply(Reply::Certificates { id }, None);
        };
        match ReadingCertificates::start(id, now) {
            Ok(reading) => self.certificates = Some(reading),
            Err(error) => self.refuse(id, SpawnerRefusal::Process(explain(&error))),
        }
    }

    pub(super) fn finish_certificates(&mut self) {
        let Some(reading) = self.certificates.take() else { return };
        let id = reading.id;
        match reading.finish() {
            Ok((file, paths)) => {
                // Files that do not fit together are read again when they change once more.
                if let Some(serving) = &mut self.serving {
                    serving.certificates = paths;
                }
                self.reply(Reply::Certificates { id }, Some(file));
            }
            Err(error) => self.refuse(id, SpawnerRefusal::Process(explain(&error))),
        }
    }
}
