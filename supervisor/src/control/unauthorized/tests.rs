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
        let (text, ()) = tokio::join!(asking, turn_away(stream, Some(1000), 0));
        assert!(text.starts_with("HTTP/1.1 403 ") && text.contains("you are uid 1000"), "{text}");
    }
}
