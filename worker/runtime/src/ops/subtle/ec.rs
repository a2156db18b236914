//! Keys on the curves P-256, P-384 and P-521, ECDSA and ECDH.

use std::cell::OnceCell;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, ParsedPublicKey, UnparsedPublicKey,
};
use pkcs8::der::asn1::{AnyRef, BitStringRef};
use pkcs8::der::{Decode as _, Encode as _};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfo};
use sec1::{EcParameters, EcPrivateKey};
use zeroize::Zeroizing;

use super::super::ops;
use super::keys::{Material, answer_kept, answer_pair, material};
use super::{Hash, answer, input};

ops! {
    "ecExport" => ec_export,
    "ecGenerate" => ec_generate,
    "ecImport" => ec_import,
    "ecdhDerive" => ecdh_derive,
    "ecdsaSign" => ecdsa_sign,
    "ecdsaVerify" => ecdsa_verify,
}

/// id-ecPublicKey (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The first byte of a point whose both coordinates follow.
const UNCOMPRESSED: u8 = 4;

/// The curves of the standard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// crypto/algorithms/ec.js has the same numbers.
    pub(super) fn from_value(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<Self> {
        match value.uint32_value(scope)? {
            0 => Some(Self::P256),
            1 => Some(Self::P384),
            2 => Some(Self::P521),
            _ => None,
        }
    }

    /// Bytes of a coordinate, and of a private key.
    pub(super) fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
        })
    }

    fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }

    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }

    fn digest_algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::P256 => &digest::SHA256,
            Self::P384 => &digest::SHA384,
            Self::P521 => &digest::SHA512,
        }
    }

    /// A digest as one of the curve's own hash. Of a digest ECDSA takes the leftmost bits, as many as
    /// the curve's order has, as a number (FIPS 186-5 §6.4): to cut a longer digest off there, or to put zeros before a
    /// shorter one, does not change it. AWS-LC signs digests of one length for each curve.
    fn fit(self, digest: &Digest) -> Option<Digest> {
        let algorithm = self.digest_algorithm();
        let length = algorithm.output_len;
        let mut bytes = vec![0; length.saturating_sub(digest.as_ref().len())];
        bytes.extend_from_slice(digest.as_ref());
        bytes.truncate(length);
        Digest::import_less_safe(&bytes, algorithm).ok()
    }
}

/// One key.
pub(super) struct EcKey {
    pub(super) curve: Curve,
    /// Uncompressed (SEC 1 §2.3.3), on the curve.
    point: Vec<u8>,
    /// Of a private key: big-endian, of the curve's length.
    pub(super) scalar: Option<Zeroizing<Vec<u8>>>,
    /// Forms of the key that are made when first used.
    signer: OnceCell<Option<EcdsaKeyPair>>,
    verifier: OnceCell<Option<ParsedPublicKey>>,
}

impl EcKey {
    fn new(curve: Curve, point: Vec<u8>, scalar: Option<Zeroizing<Vec<u8>>>) -> Self {
        Self { curve, point, scalar, signer: OnceCell::new(), verifier: OnceCell::new() }
    }

    /// A public key; the point must be uncompressed.
    pub(super) fn from_point(curve: Curve, point: &[u8]) -> Option<Self> {
        if point.len() != 1 + 2 * curve.length() || point.first() != Some(&UNCOMPRESSED) {
            return None;
        }
        UnparsedPublicKey::new(curve.verification(), point).parse().ok()?;
        Some(Self::new(curve, point.to_vec(), None))
    }

    pub(super) fn from_coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        if x.len() != curve.length() || y.len() != curve.length() {
            return None;
        }
        Self::from_point(curve, &[&[UNCOMPRESSED], x, y].concat())
    }

    /// A private key.
    pub(super) fn from_scalar(curve: Curve, scalar: &[u8]) -> Option<Self> {
        // Writers of keys have dropped leading zeros, and put some there.
        let digits = scalar.iter().position(|byte| *byte != 0).and_then(|first| scalar.get(first..))?;
        let mut scalar = Zeroizing::new(vec![0; curve.length().checked_sub(digits.len())?]);
        scalar.extend_from_slice(digits);
        let key = agreement::PrivateKey::from_private_key(curve.agreement(), &scalar).ok()?;
        let point = key.compute_public_key().ok()?.as_ref().to_vec();
        Some(Self::new(curve, point, Some(scalar)))
    }

    fn from_spki(curve: Curve, bytes: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
        if !is_of(&info.algorithm, curve) {
            return None;
        }
        Self::from_point(curve, info.subject_public_key.as_bytes()?)
    }

    fn from_pkcs8(curve: Curve, bytes: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfo::from_der(bytes).ok()?;
        let key = EcPrivateKey::from_der(info.private_key).ok()?;
        let of_curve = key.parameters.is_none_or(|EcParameters::NamedCurve(oid)| oid == curve.oid());
        if !is_of(&info.algorithm, curve) || !of_curve {
            return None;
        }
        let made = Self::from_scalar(curve, key.private_key)?;
        key.public_key.is_none_or(|point| point == made.point).then_some(made)
    }

    fn generate(curve: Curve) -> Option<(Self, Self)> {
        let key = agreement::PrivateKey::generate(curve.agreement()).ok()?;
        let scalar: EcPrivateKeyBin = key.as_be_bytes().ok()?;
        let private = Self::from_scalar(curve, scalar.as_ref())?;
        let public = private.public();
        Some((private, public))
    }

    /// The public key of a private one.
    fn public(&self) -> Self {
        Self::new(self.curve, self.point.clone(), None)
    }

    /// Both coordinates.
    pub(super) fn coordinates(&self) -> Option<(&[u8], &[u8])> {
        self.point.get(1..)?.split_at_checked(self.curve.length())
    }

    /// A SubjectPublicKeyInfo of a public key, a PrivateKeyInfo of a private one.
    fn export(&self) -> Option<Zeroizing<Vec<u8>>> {
        let oid = self.curve.oid();
        let algorithm = AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: Some(AnyRef::from(&oid)) };
        let document = match &self.scalar {
            None => {
                let subject_public_key = BitStringRef::from_bytes(&self.point).ok()?;
                SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()?
            }
            Some(scalar) => {
                let key = EcPrivateKey { private_key: scalar, parameters: None, public_key: Some(&self.point) };
                let key = Zeroizing::new(key.to_der().ok()?);
                PrivateKeyInfo::new(algorithm, &key).to_der().ok()?
            }
        };
        Some(Zeroizing::new(document))
    }

    fn sign(&self, digest: &Digest) -> Option<Vec<u8>> {
        let signer = self.signer.get_or_init(|| {
            let scalar = self.scalar.as_ref()?;
            EcdsaKeyPair::from_private_key_and_public_key(self.curve.signing(), scalar, &self.point).ok()
        });
        let digest = self.curve.fit(digest)?;
        Some(signer.as_ref()?.sign_digest(&digest).ok()?.as_ref().to_vec())
    }

    fn verify(&self, digest: &Digest, signature: &[u8]) -> Option<()> {
        let verifier =
            self.verifier.get_or_init(|| UnparsedPublicKey::new(self.curve.verification(), &self.point).parse().ok());
        let digest = self.curve.fit(digest)?;
        verifier.as_ref()?.verify_digest_sig(&digest, signature).ok()
    }

    fn agree(&self, peer: &Self) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm = self.curve.agreement();
        let key = agreement::PrivateKey::from_private_key(algorithm, self.scalar.as_ref()?).ok()?;
        let peer = agreement::UnparsedPublicKey::new(algorithm, &peer.point);
        agreement::agree(&key, peer, (), |secret| Ok(Zeroizing::new(secret.to_vec()))).ok()
    }
}

fn is_of(algorithm: &AlgorithmIdentifierRef, curve: Curve) -> bool {
    algorithm.oid == EC_PUBLIC_KEY && algorithm.parameters_oid() == Ok(curve.oid())
}

fn with_key<R>(scope: &v8::PinScope, id: v8::Local<v8::Value>, work: impl FnOnce(&EcKey) -> Option<R>) -> Option<R> {
    match &*material(scope, id)? {
        Material::Ec(key) => work(key),
        _ => None,
    }
}

/// `ecGenerate(privateOwner, publicOwner, curve) → [privateId, publicId]`.
fn ec_generate(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let pair = Curve::from_value(scope, args.get(2)).and_then(EcKey::generate);
    let Some((private, public)) = pair else { return };
    answer_pair(scope, &args, Material::Ec(private), Material::Ec(public), &mut rv);
}

/// `ecImport(owner, curve, format, bytes) → id | undefined`. `format`: "raw", "spki" or "pkcs8".
fn ec_import(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(curve) = Curve::from_value(scope, args.get(1)) else { return };
    let Some(bytes) = input(scope, args.get(3), 1).map(Zeroizing::new) else { return };
    let key = match args.get(2).to_rust_string_lossy(scope).as_str() {
        "raw" => EcKey::from_point(curve, &bytes),
        "spki" => EcKey::from_spki(curve, &bytes),
        "pkcs8" => EcKey::from_pkcs8(curve, &bytes),
        _ => None,
    };
    if let Some(key) = key {
        answer_kept(scope, args.get(0), Material::Ec(key), &mut rv);
    }
}

/// `ecExport(id, raw) → ArrayBuffer`: the point, or a SubjectPublicKeyInfo or PrivateKeyInfo.
fn ec_export(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let raw = args.get(1).is_true();
    let document =
        with_key(scope, args.get(0), |key| if raw { Some(Zeroizing::new(key.point.clone())) } else { key.export() });
    if let Some(document) = document {
        answer(scope, &document, &mut rv);
    }
}

/// `ecdsaSign(id, hash, data) → ArrayBuffer | undefined`: r and s, each of the curve's length.
fn ecdsa_sign(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(1)) else { return };
    let Some(digest) = hash.digest(scope, args.get(2)) else { return };
    if let Some(signature) = with_key(scope, args.get(0), |key| key.sign(&digest)) {
        answer(scope, &signature, &mut rv);
    }
}

/// `ecdsaVerify(id, hash, signature, data) → boolean`.
fn ecdsa_verify(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(1)) else { return };
    let Some(signature) = input(scope, args.get(2), 1) else { return };
    let Some(digest) = hash.digest(scope, args.get(3)) else { return };
    rv.set_bool(with_key(scope, args.get(0), |key| key.verify(&digest, &signature)).is_some());
}

/// `ecdhDerive(privateId, publicId) → ArrayBuffer | undefined`: the shared secret.
fn ecdh_derive(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let secret = with_key(scope, args.get(0), |key| with_key(scope, args.get(1), |peer| key.agree(peer)));
    if let Some(secret) = secret {
        answer(scope, &secret, &mut rv);
    }
}

#[cfg(test)]
mod tests;
