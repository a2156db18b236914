//! Keys of two halves: RSA, curves, Ed25519 and X25519.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::c_int;
use std::ptr::{null, null_mut};

use aws_lc_sys::{EC_GROUP_get_curve_name, EC_KEY_generate_key, EC_KEY_get0_group};
use aws_lc_sys::{
    EVP_PKEY, EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, EVP_PKEY_X25519, EVP_PKEY_bits,
    EVP_PKEY_cmp, EVP_PKEY_free, EVP_PKEY_get0_EC_KEY, EVP_PKEY_get0_RSA, EVP_PKEY_id, EVP_PKEY_new,
    EVP_PKEY_new_raw_private_key, EVP_PKEY_new_raw_public_key, EVP_PKEY_set1_EC_KEY, EVP_PKEY_set1_RSA, RSA, RSA_free,
    RSA_generate_key_ex, RSA_new,
};
use zeroize::Zeroizing;

use super::curve::{Curve, EcKey};
use super::prime::{Interruption, IsOver};
use super::{Number, done, owned};

/// Most bits of a modulus: what is done with it cannot be interrupted.
pub(in crate::ops::node_crypto) const LARGEST_MODULUS: u32 = 8192;

owned!(
    /// A key as AWS-LC has it, which overwrites it when it is dropped.
    Pkey,
    EVP_PKEY,
    EVP_PKEY_free
);

owned!(
    /// An RSA key, before it is one of any kind.
    RsaNumbers,
    RSA,
    RSA_free
);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ops::node_crypto) enum Kind {
    Rsa,
    RsaPss,
    Ec,
    Ed25519,
    X25519,
}

impl Kind {
    /// Node.js's `asymmetricKeyType`.
    pub(in crate::ops::node_crypto) fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::RsaPss => "rsa-pss",
            Self::Ec => "ec",
            Self::Ed25519 => "ed25519",
            Self::X25519 => "x25519",
        }
    }

    fn octet(self) -> Option<c_int> {
        match self {
            Self::Ed25519 => Some(EVP_PKEY_ED25519),
            Self::X25519 => Some(EVP_PKEY_X25519),
            Self::Rsa | Self::RsaPss | Self::Ec => None,
        }
    }
}

impl Pkey {
    /// Takes a key of AWS-LC's: `None` for null, and for one that nothing here can use.
    pub(super) fn checked(key: *mut EVP_PKEY) -> Option<Self> {
        let key = Self::of(key);
        if key.is_none() {
            done(0);
        }
        let key = key?;
        let fits = match key.kind()? {
            Kind::Rsa | Kind::RsaPss => key.bits() <= LARGEST_MODULUS,
            Kind::Ec => key.curve().is_some(),
            Kind::Ed25519 | Kind::X25519 => true,
        };
        fits.then_some(key)
    }

    pub(super) fn as_ptr(&self) -> *mut EVP_PKEY {
        self.ptr()
    }

    pub(in crate::ops::node_crypto) fn kind(&self) -> Option<Kind> {
        // SAFETY: the key lives.
        match unsafe { EVP_PKEY_id(self.ptr()) } {
            EVP_PKEY_RSA => Some(Kind::Rsa),
            EVP_PKEY_RSA_PSS => Some(Kind::RsaPss),
            EVP_PKEY_EC => Some(Kind::Ec),
            EVP_PKEY_ED25519 => Some(Kind::Ed25519),
            EVP_PKEY_X25519 => Some(Kind::X25519),
            _ => None,
        }
    }

    pub(in crate::ops::node_crypto) fn bits(&self) -> u32 {
        // SAFETY: the key lives.
        u32::try_from(unsafe { EVP_PKEY_bits(self.ptr()) }).unwrap_or(u32::MAX)
    }

    pub(in crate::ops::node_crypto) fn curve(&self) -> Option<Curve> {
        if self.kind() != Some(Kind::Ec) {
            return None;
        }
        // SAFETY: the key lives, and has a curve; the group lives as long as the key.
        Curve::by_number(unsafe { EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(self.ptr()))) })
    }

    /// The numbers of an RSA key; they live as long as it.
    pub(super) fn rsa(&self) -> Option<*mut RSA> {
        // SAFETY: the key lives.
        let rsa = unsafe { EVP_PKEY_get0_RSA(self.ptr()) };
        (!rsa.is_null()).then_some(rsa)
    }

    /// Bytes of memory, roughly.
    pub(in crate::ops::node_crypto) fn memory(&self) -> usize {
        4096 + usize::try_from(self.bits()).unwrap_or_default()
    }

    /// Whether both have the same public half.
    pub(in crate::ops::node_crypto) fn is_same(&self, other: &Self) -> bool {
        // SAFETY: both keys live.
        done(unsafe { EVP_PKEY_cmp(self.ptr(), other.ptr()) }).is_some()
    }

    pub(super) fn from_rsa(rsa: &RsaNumbers) -> Option<Self> {
        // SAFETY: has no conditions.
        let key = Self::of(unsafe { EVP_PKEY_new() })?;
        // SAFETY: both live; the key has a share of the numbers.
        done(unsafe { EVP_PKEY_set1_RSA(key.ptr(), rsa.ptr()) })?;
        (key.bits() <= LARGEST_MODULUS).then_some(key)
    }

    pub(super) fn rsa_of(rsa: *mut RSA) -> Option<Self> {
        let rsa = RsaNumbers::of(rsa);
        if rsa.is_none() {
            done(0);
        }
        Self::from_rsa(&rsa?)
    }

    pub(super) fn from_ec(ec: &EcKey) -> Option<Self> {
        // SAFETY: has no conditions.
        let key = Self::of(unsafe { EVP_PKEY_new() })?;
        // SAFETY: both live; the key has a share of the other.
        done(unsafe { EVP_PKEY_set1_EC_KEY(key.ptr(), ec.as_ptr()) })?;
        key.curve().is_some().then_some(key)
    }

    /// A private key of the bytes that it is.
    pub(in crate::ops::node_crypto) fn from_octets(kind: Kind, private: bool, bytes: &[u8]) -> Option<Self> {
        let make = if private { EVP_PKEY_new_raw_private_key } else { EVP_PKEY_new_raw_public_key };
        // SAFETY: the bytes are read only.
        Self::checked(unsafe { make(kind.octet()?, null_mut(), bytes.as_ptr(), bytes.len()) })
    }

    pub(in crate::ops::node_crypto) fn generate_octets(kind: Kind) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).ok()?;
        Self::from_octets(kind, true, &*bytes)
    }

    pub(in crate::ops::node_crypto) fn generate_ec(curve: Curve) -> Option<Self> {
        let key = curve.new_key()?;
        // SAFETY: the key lives, and has a curve.
        done(unsafe { EC_KEY_generate_key(key.as_ptr()) })?;
        Self::from_ec(&key)
    }

    pub(in crate::ops::node_crypto) fn generate_rsa(bits: u32, exponent: u32, is_over: IsOver) -> Option<Self> {
        // SAFETY: has no conditions.
        let rsa = RsaNumbers::of(unsafe { RSA_new() })?;
        let exponent = Number::from_bytes(&exponent.to_be_bytes())?;
        let interruption = Interruption::new(&is_over)?;
        let bits = c_int::try_from(bits).ok()?;
        // SAFETY: all of them live.
        done(unsafe { RSA_generate_key_ex(rsa.ptr(), bits, exponent.ptr(), interruption.ptr()) })?;
        Self::from_rsa(&rsa)
    }
}

/// A pointer of no passphrase.
pub(super) fn pass_ptr(pass: Option<&[u8]>) -> (*const std::ffi::c_char, usize) {
    pass.map_or((null(), 0), |pass| (pass.as_ptr().cast(), pass.len()))
}
