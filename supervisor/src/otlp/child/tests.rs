//! What a fetch's span has of its URL, and how many there are.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_protocol::{BodyLength, FetchDestination, HeaderBlock};

use super::*;

fn spans() -> Rc<ChildSpans> {
    let parent = TraceParent { trace: [1; 16], span: [2; 8], is_sampled: true, is_random: true };
    ChildSpans::new(Arc::new(SpanQueue::new(Arc::default())), Rc::new(TraceIds::new()), parent, "a=b".to_owned())
}

fn head(method: &str, url: &str) -> FetchHead {
    FetchHead {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: HeaderBlock::default(),
        body: BodyLength::None,
        to: FetchDestination::Network,
        request: Some(0),
    }
}

/// The attributes of a fetch of this URL.
fn attributes(method: &str, url: &str) -> String {
    let mut span = spans().fetch(&head(method, url)).unwrap();
    let record = span.record.take().unwrap();
    assert_eq!((record.parent, record.flags, &*record.state), (Some([2; 8]), 3, "a=b"));
    format!("{} {:?}", record.name, record.attributes)
}

#[test]
fn nothing_that_may_be_a_secret_is_in_it() {
    let shown = attributes("GET", "https://api.example/v1/x?token=secret#secret");
    assert!(shown.contains("\"https://api.example/v1/x\"") && shown.contains("Number(443)"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    let shown = attributes("SECRET", "http://user:secret@api.example:81/");
    assert!(shown.starts_with("HTTP ") && shown.contains("_OTHER") && shown.contains("Number(81)"), "{shown}");
    assert!(!shown.contains("secret") && !shown.contains("SECRET"), "{shown}");
    assert!(!attributes("GET", &format!("http://a.example/{}", "x".repeat(2000))).contains("url.full"));
    assert!(!attributes("GET", "no url").contains("server"));
}

#[test]
fn an_app_that_makes_thousands_has_few_spans() {
    let spans = spans();
    let made = (0..1000).filter(|_| spans.fetch(&head("GET", "http://a.example/")).is_some()).count();
    assert_eq!(made, 128);
    // Each was dropped without a response, which is told, too.
    assert_eq!(spans.spans.take().len(), 128);
}
