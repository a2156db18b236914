//! What inflates: with or without the formats around it, and with a dictionary where its format has one.

use flate2::{Decompress, FlushDecompress};

use super::{Outcome, Step, WINDOW_BITS, step};

/// Inflates one stream.
pub(in super::super) struct Inflate {
    coder: Decompress,
    /// Given to it when it asks.
    dictionary: Option<Vec<u8>>,
    complaint: Option<String>,
}

impl Inflate {
    pub(super) fn gzip() -> Self {
        Self { coder: Decompress::new_gzip(WINDOW_BITS), dictionary: None, complaint: None }
    }

    pub(super) fn zlib(dictionary: Option<Vec<u8>>) -> Self {
        Self { coder: Decompress::new(true), dictionary, complaint: None }
    }

    /// A raw stream does not say that it has a dictionary: it is given one at once.
    pub(super) fn raw(dictionary: Option<Vec<u8>>) -> Option<Self> {
        let mut coder = Decompress::new(false);
        if let Some(dictionary) = dictionary {
            coder.set_dictionary(&dictionary).ok()?;
        }
        Some(Self { coder, dictionary: None, complaint: None })
    }

    pub(super) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let before = self.totals();
        // Not FlushDecompress::Finish, which takes for granted that the rest of the output fits: whether the end was reached is
        // what the outcome says.
        match self.coder.decompress(input, output, FlushDecompress::None) {
            Ok(status) => step(before, self.totals(), Some(status)),
            Err(error) if error.needs_dictionary().is_some() => self.give_dictionary(before),
            Err(error) => {
                self.complaint = error.message().map(str::to_owned);
                step(before, self.totals(), None)
            }
        }
    }

    /// What asked for a dictionary goes on with the next step.
    fn give_dictionary(&mut self, before: (u64, u64)) -> Step {
        let complaint = match self.dictionary.take() {
            None => "Missing dictionary",
            Some(dictionary) if self.coder.set_dictionary(&dictionary).is_err() => "Bad dictionary",
            Some(_) => {
                let after = self.totals();
                let consumed = usize::try_from(after.0 - before.0).unwrap_or_default();
                return Step { consumed, produced: 0, outcome: Outcome::More };
            }
        };
        self.complaint = Some(complaint.to_owned());
        step(before, self.totals(), None)
    }

    fn totals(&self) -> (u64, u64) {
        (self.coder.total_in(), self.coder.total_out())
    }
}
