//! The queries of `/logs`.

use super::*;

#[test]
fn queries() {
    let parse = Query::parse;
    assert_eq!(parse(""), Ok(Query::default()));
    assert_eq!(parse("app=a.example&follow=1"), Ok(Query { app: Some("a.example".to_owned()), follow: true }));
    assert_eq!(parse("follow&app="), Ok(Query { app: None, follow: true }));
    assert_eq!(parse("follow=0"), Ok(Query::default()));
    assert!(parse("aap=x").is_err());
    assert!(parse("follow=maybe").is_err());
}
