//! What `nanoctl status` and `nanoctl explain` say of certificates that are ordered.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Acme, NameState, Orders};
use crate::duration::millis;

impl Acme {
    /// All names; null without `tls.acme`.
    pub(crate) fn status(&self) -> Value {
        let orders = self.orders.borrow();
        let Some(orders) = &*orders else { return Value::Null };
        json!({
            "directory": orders.config.directory,
            "storage": orders.config.storage.display().to_string(),
            "hindrance": self.hindrance(orders),
            "names": orders.names.iter().map(|(name, state)| self.describe(name, state)).collect::<Vec<_>>(),
        })
    }

    /// One name; null if it is not ordered for.
    pub(crate) fn status_of(&self, name: &str) -> Value {
        let orders = self.orders.borrow();
        let state = orders.as_ref().and_then(|orders| orders.names.get(name));
        state.map_or(Value::Null, |state| self.describe(name, state))
    }

    /// Why nothing is ordered, if so.
    fn hindrance(&self, orders: &Orders) -> Option<&'static str> {
        if !self.means.has_tls {
            Some("no entry of `listen` has `tls`, so certificates would be for nothing")
        } else if orders.is_elsewhere {
            Some("another nano has this storage and orders")
        } else {
            None
        }
    }

    fn describe(&self, name: &str, state: &NameState) -> Value {
        let unix = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let is_ordering = self.ordering.borrow().contains(name);
        let word = match (&state.certificate, &state.failure) {
            _ if is_ordering => "ordering",
            (_, Some(_)) => "failing",
            (Some(_), None) => "valid",
            (None, None) => "waiting",
        };
        let wait = millis(state.next.duration_since(SystemTime::now()).unwrap_or_default());
        json!({
            "name": name,
            "state": word,
            "expires_unix": state.certificate.as_ref().and_then(|known| known.facts.expires).map(unix),
            "next_order_in_ms": (!is_ordering).then_some(wait),
            "failures": state.failure.as_ref().map_or(0, |failure| failure.count),
            "error": state.failure.as_ref().map(|failure| &failure.why),
        })
    }
}
