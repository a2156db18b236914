//! A request that is answered with a refusal.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[tokio::test]
async fn a_request_is_answered_whatever_it_is() {
    for request in ["GET /status HTTP/1.0\r\n\r\n", "no request", ""] {
        let (stream, mut client) = UnixStream::pair().unwrap();
        let asking = async {
            client.write_all(request.as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
            let mut text = String::new();
            client.read_to_string(&mut text).await.unwrap();
            text
        };
        let (text, ()) = tokio::join!(asking, turn_away(stream, Some(1000), 0, None));
        assert!(text.starts_with("HTTP/1.1 403 ") && text.contains("you are uid 1000"), "{text}");
    }
}

#[test]
fn the_answer_says_who_may_and_what_would_help() {
    let group = ControlGroup::find("0").unwrap();
    let told = answer(Some(1000), 7, Some(&group));
    let expected = "the control socket is for root and uid 7 and the group \\\"0\\\" alone, and you are uid 1000: try with `sudo`, or become a member of \\\"0\\\" and log in again";
    assert!(told.contains(expected), "{told}");
    let told = answer(Some(1000), 0, None);
    assert!(told.contains("is for root alone") && told.contains("`control_group`"), "{told}");
}
