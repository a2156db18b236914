//! Digests of other lengths than the curve has.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn digests_take_the_length_of_the_curve() {
    for (curve, hash) in [
        (Curve::P256, Hash::Sha1),
        (Curve::P256, Hash::Sha512),
        (Curve::P384, Hash::Sha256),
        (Curve::P384, Hash::Sha512),
        (Curve::P521, Hash::Sha1),
    ] {
        let own = digest::digest(hash.algorithm(), b"data");
        let fitted = curve.fit(&own).unwrap();
        let (own, fitted) = (own.as_ref(), fitted.as_ref());
        if own.len() >= fitted.len() {
            assert_eq!(fitted, &own[..fitted.len()], "{curve:?} {hash:?}");
        } else {
            let (zeros, rest) = fitted.split_at(fitted.len() - own.len());
            assert!(zeros.iter().all(|byte| *byte == 0) && rest == own, "{curve:?} {hash:?}");
        }
    }
}
