//! Curves by the names that OpenSSL has for them, and Diffie-Hellman with numbers and points as they are (SEC 1).

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::c_int;
use std::ptr::{null, null_mut};

use aws_lc_sys::{
    BN_cmp, BN_is_zero, EC_GROUP, EC_GROUP_free, EC_GROUP_get_degree, EC_GROUP_get0_order, EC_GROUP_new_by_curve_name,
    EC_KEY, EC_KEY_free, EC_KEY_generate_key, EC_KEY_get0_private_key, EC_KEY_new_by_curve_name,
    EC_KEY_set_private_key, EC_POINT, EC_POINT_free, EC_POINT_mul, EC_POINT_new, EC_POINT_oct2point,
    EC_POINT_point2oct, ECDH_compute_key, NID_X9_62_prime256v1, NID_secp224r1, NID_secp256k1, NID_secp384r1,
    NID_secp521r1, point_conversion_form_t,
};
use zeroize::Zeroizing;

use super::{Number, done, number_bytes, owned};

/// Names, as Node.js gives them, the names of JSON Web Keys, and numbers.
const CURVES: [(&str, &str, c_int); 5] = [
    ("prime256v1", "P-256", NID_X9_62_prime256v1),
    ("secp224r1", "P-224", NID_secp224r1),
    ("secp256k1", "secp256k1", NID_secp256k1),
    ("secp384r1", "P-384", NID_secp384r1),
    ("secp521r1", "P-521", NID_secp521r1),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ops::node_crypto) struct Curve(c_int);

impl Curve {
    pub(in crate::ops::node_crypto) fn by_name(name: &str) -> Option<Self> {
        CURVES.iter().find(|(own, jwk, _)| name == *own || name == *jwk).map(|(.., nid)| Self(*nid))
    }

    pub(super) fn by_number(nid: c_int) -> Option<Self> {
        CURVES.iter().find(|(.., own)| nid == *own).map(|(.., nid)| Self(*nid))
    }

    pub(in crate::ops::node_crypto) fn name(self) -> &'static str {
        CURVES.iter().find(|(.., nid)| *nid == self.0).map_or("", |(name, ..)| name)
    }

    fn group(self) -> Option<Group> {
        // SAFETY: has no conditions.
        Group::of(unsafe { EC_GROUP_new_by_curve_name(self.0) })
    }

    pub(super) fn new_key(self) -> Option<EcKey> {
        // SAFETY: has no conditions.
        EcKey::of(unsafe { EC_KEY_new_by_curve_name(self.0) })
    }

    /// A private key's number.
    pub(in crate::ops::node_crypto) fn generate(self) -> Option<Zeroizing<Vec<u8>>> {
        let key = self.new_key()?;
        // SAFETY: the key lives, and has a curve.
        done(unsafe { EC_KEY_generate_key(key.ptr()) })?;
        // SAFETY: the key lives; its number as long as it.
        number_bytes(unsafe { EC_KEY_get0_private_key(key.ptr()) })
    }

    /// The point of a private key, uncompressed. `None` where the number is none of the curve's.
    pub(in crate::ops::node_crypto) fn public(self, private: &[u8]) -> Option<Vec<u8>> {
        let group = self.group()?;
        let (number, point) = (self.private(&group, private)?, group.point()?);
        // SAFETY: all of them live, and are of one curve.
        done(unsafe { EC_POINT_mul(group.ptr(), point.ptr(), number.ptr(), null(), null(), null_mut()) })?;
        group.bytes(&point, Form::Uncompressed)
    }

    fn private(self, group: &Group, private: &[u8]) -> Option<Number> {
        if private.len() > 2 * usize::try_from(self.length()?).ok()? {
            return None;
        }
        let number = Number::from_bytes(private)?;
        // SAFETY: both numbers live; the order as long as the group.
        let fits =
            unsafe { BN_is_zero(number.ptr()) == 0 && BN_cmp(number.ptr(), EC_GROUP_get0_order(group.ptr())) < 0 };
        fits.then_some(number)
    }

    /// Bytes of a coordinate.
    fn length(self) -> Option<u32> {
        let group = self.group()?;
        // SAFETY: the group lives.
        Some(unsafe { EC_GROUP_get_degree(group.ptr()) }.div_ceil(8))
    }

    /// The same point in another form; `None` where it is none of the curve's.
    pub(in crate::ops::node_crypto) fn convert(self, point: &[u8], form: Form) -> Option<Vec<u8>> {
        let group = self.group()?;
        let point = group.parse(point)?;
        group.bytes(&point, form)
    }

    /// What both sides have: the x coordinate of the product.
    pub(in crate::ops::node_crypto) fn agree(self, private: &[u8], peer: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let group = self.group()?;
        let (number, key, point) = (self.private(&group, private)?, self.new_key()?, group.parse(peer)?);
        // SAFETY: key and number live; the key has a copy of the number.
        done(unsafe { EC_KEY_set_private_key(key.ptr(), number.ptr()) })?;
        let length = usize::try_from(self.length()?).ok()?;
        let mut secret = Zeroizing::new(vec![0; length]);
        // SAFETY: point and key live, and are of one curve; there is room for a coordinate.
        let written = unsafe { ECDH_compute_key(secret.as_mut_ptr().cast(), length, point.ptr(), key.ptr(), None) };
        (usize::try_from(written) == Ok(length)).then_some(secret)
    }
}

/// How a point is written.
#[derive(Clone, Copy)]
pub(in crate::ops::node_crypto) enum Form {
    Compressed,
    Uncompressed,
    Hybrid,
}

owned!(Group, EC_GROUP, EC_GROUP_free);
owned!(Point, EC_POINT, EC_POINT_free);
owned!(
    /// A key of a curve, overwritten when it is dropped.
    EcKey,
    EC_KEY,
    EC_KEY_free
);

impl EcKey {
    pub(super) fn as_ptr(&self) -> *mut EC_KEY {
        self.ptr()
    }

    pub(super) fn from_ptr(key: *mut EC_KEY) -> Option<Self> {
        Self::of(key)
    }
}

impl Group {
    fn point(&self) -> Option<Point> {
        // SAFETY: the group lives.
        Point::of(unsafe { EC_POINT_new(self.ptr()) })
    }

    fn parse(&self, bytes: &[u8]) -> Option<Point> {
        let mut bytes = bytes.to_vec();
        // AWS-LC knows no hybrid form: it is the uncompressed one, with a bit of y in the first byte.
        if let Some(first @ (6 | 7)) = bytes.first().copied() {
            let odd = bytes.last().is_some_and(|last| last & 1 == 1);
            (odd == (first == 7)).then_some(())?;
            *bytes.first_mut()? = 4;
        }
        let point = self.point()?;
        // SAFETY: group and point live; the bytes are read only, and checked.
        done(unsafe { EC_POINT_oct2point(self.ptr(), point.ptr(), bytes.as_ptr(), bytes.len(), null_mut()) })?;
        Some(point)
    }

    fn bytes(&self, point: &Point, form: Form) -> Option<Vec<u8>> {
        let written_as = match form {
            Form::Compressed => point_conversion_form_t::POINT_CONVERSION_COMPRESSED,
            Form::Uncompressed | Form::Hybrid => point_conversion_form_t::POINT_CONVERSION_UNCOMPRESSED,
        };
        // Longer than a point of the largest curve.
        let mut bytes = vec![0; 256];
        // SAFETY: group and point live; no more is written than there is room.
        let length = unsafe {
            EC_POINT_point2oct(self.ptr(), point.ptr(), written_as, bytes.as_mut_ptr(), bytes.len(), null_mut())
        };
        if length == 0 {
            return None;
        }
        bytes.truncate(length);
        if matches!(form, Form::Hybrid) {
            let odd = bytes.last()? & 1;
            *bytes.first_mut()? = 6 | odd;
        }
        Some(bytes)
    }
}
