//! `GET /why?app=NAME` and `GET /why?request=ID`: the flight records of an app's workers, or of a lost request.

use std::rc::Rc;

use http::StatusCode;
use serde_json::json;

use super::{ControlResponse, failure, json_reply};
use crate::fleet::FlightRecord;
use crate::supervisor::Supervisor;

#[derive(Debug, PartialEq, Eq)]
enum About<'q> {
    App(&'q str),
    Request(&'q str),
}

fn parse(query: &str) -> Result<About<'_>, &'static str> {
    let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
    // App names and request ids need no percent-decoding.
    match (pairs.next().and_then(|pair| pair.split_once('=')), pairs.next()) {
        (Some(("app", name)), None) if !name.is_empty() => Ok(About::App(name)),
        (Some(("request", id)), None) if !id.is_empty() => Ok(About::Request(id)),
        _ => Err("say of what: /why?app=NAME or /why?request=ID"),
    }
}

pub(super) fn why(supervisor: &Rc<Supervisor>, query: &str) -> ControlResponse {
    let about = match parse(query) {
        Ok(about) => about,
        Err(error) => return failure(StatusCode::BAD_REQUEST, "query", error),
    };
    let flight = supervisor.fleet.flight();
    match about {
        About::App(name) => {
            let records = flight.of_app(name);
            if records.is_empty() && supervisor.config().app(name).is_none() {
                return failure(StatusCode::NOT_FOUND, "no_such_app", &format!("there is no app {name:?}"));
            }
            found("app", name, &records)
        }
        About::Request(id) => {
            let records = flight.of_request(id);
            if records.is_empty() {
                let error = format!(
                    "no worker is known to have died with request {id:?} in flight; its line in the access log has the status and the error's code"
                );
                return failure(StatusCode::NOT_FOUND, "no_such_request", &error);
            }
            found("request", id, &records)
        }
    }
}

fn found(key: &str, name: &str, records: &[Rc<FlightRecord>]) -> ControlResponse {
    let records: Vec<&FlightRecord> = records.iter().map(|record| &**record).collect();
    json_reply(StatusCode::OK, &json!({ key: name, "records": records }))
}

#[cfg(test)]
mod tests;
