//! The user that root becomes.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn root_becomes_somebody_else() {
    let identity = Identity::for_supervisor(Some(200_000));
    assert_eq!(identity.is_some(), geteuid().is_root());
    if let Some(identity) = identity {
        let named = User::from_name(NAME).unwrap();
        assert_eq!(identity.uid.as_raw(), named.map_or(265_535, |user| user.uid.as_raw()));
        assert_ne!(identity.gid.as_raw(), 0);
    }
}
