//! Native of worker/scheduled.js.

use nano_protocol::ResetReason;

use super::ops;
use super::request::key_of;
use crate::exchange::Exchanges;

ops! {
    "scheduledDone" => scheduled_done,
}

/// `scheduledDone(id, outcome)`: a scheduled event was handled: 0, or its handler or what it gave to `waitUntil` failed: 1, or
/// there is no handler: 2. Ignored if the event is over.
fn scheduled_done(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let Some(exchanges) = Exchanges::get(scope) else { return };
    let key = key_of(scope, &args);
    let failure = match args.get(1).uint32_value(scope) {
        Some(0) => None,
        Some(2) => Some(ResetReason::NoHandler),
        _ => Some(ResetReason::HandlerThrew),
    };
    exchanges.send_new_counts();
    let mut requests = exchanges.requests.borrow_mut();
    match failure {
        None => requests.scheduled_done(key),
        // Nothing waits for a body.
        Some(reason) => drop(requests.fail(key, reason)),
    }
}
