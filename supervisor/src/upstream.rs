//! The workers' side of a shard: which app a host belongs to, a link to each of its workers, how a request is assigned
//! to one of them.

mod event;
mod in_flight;
mod link;
mod place;
mod pool;
mod routes;
mod run_report;
mod violation;

pub use event::LinkEvent;
pub use in_flight::{InFlight, LostRequest};
pub(crate) use in_flight::{RequestSummary, Subject, truncate_utf8};
pub(crate) use link::{
    Deadline, Death, Failed, Link, RequestBodySender, RequestFrame, ResponseWindows, UpstreamRequest, run as run_link,
};
pub(crate) use pool::{NotAdmitted, Pool};
pub(crate) use routes::Routes;
pub use run_report::{RunEnd, RunReport};
