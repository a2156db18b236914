//! Ed25519 and X25519 (RFC 8032, RFC 7748): keys that are 32 bytes as they are.

use aws_lc_rs::agreement::{self, X25519};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::der::{Decode as _, Encode as _};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfo};
use zeroize::Zeroizing;

use super::super::ops;
use super::keys::{Material, answer_kept, answer_pair, material};
use super::{answer, input};

ops! {
    "octetExport" => octet_export,
    "octetGenerate" => octet_generate,
    "octetImport" => octet_import,
    "ed25519Sign" => ed25519_sign,
    "ed25519Verify" => ed25519_verify,
    "x25519Derive" => x25519_derive,
}

/// The curves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OctetCurve {
    Ed25519,
    X25519,
}

impl OctetCurve {
    /// crypto/algorithms/okp.js has the same numbers.
    pub(super) fn from_value(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<Self> {
        match value.uint32_value(scope)? {
            0 => Some(Self::Ed25519),
            1 => Some(Self::X25519),
            _ => None,
        }
    }

    /// RFC 8410 §3.
    fn algorithm(self) -> AlgorithmIdentifierRef<'static> {
        let oid = match self {
            Self::Ed25519 => ObjectIdentifier::new_unwrap("1.3.101.112"),
            Self::X25519 => ObjectIdentifier::new_unwrap("1.3.101.110"),
        };
        AlgorithmIdentifierRef { oid, parameters: None }
    }
}

/// One key.
pub(super) struct OctetKey {
    pub(super) curve: OctetCurve,
    pub(super) public: [u8; 32],
    pub(super) private: Option<Zeroizing<[u8; 32]>>,
}

impl OctetKey {
    pub(super) fn from_public(curve: OctetCurve, public: &[u8]) -> Option<Self> {
        Some(Self { curve, public: public.try_into().ok()?, private: None })
    }

    pub(super) fn from_private(curve: OctetCurve, private: &[u8]) -> Option<Self> {
        let private = Zeroizing::new(<[u8; 32]>::try_from(private).ok()?);
        let public = match curve {
            OctetCurve::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(&*private).ok()?;
                pair.public_key().as_ref().try_into().ok()?
            }
            OctetCurve::X25519 => {
                let key = agreement::PrivateKey::from_private_key(&X25519, &*private).ok()?;
                key.compute_public_key().ok()?.as_ref().try_into().ok()?
            }
        };
        Some(Self { curve, public, private: Some(private) })
    }

    fn from_spki(curve: OctetCurve, bytes: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
        (info.algorithm == curve.algorithm()).then_some(())?;
        Self::from_public(curve, info.subject_public_key.as_bytes()?)
    }

    fn from_pkcs8(curve: OctetCurve, bytes: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfo::from_der(bytes).ok()?;
        (info.algorithm == curve.algorithm()).then_some(())?;
        Self::from_private(curve, OctetStringRef::from_der(info.private_key).ok()?.as_bytes())
    }

    fn generate(curve: OctetCurve) -> Option<(Self, Self)> {
        let mut private = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *private).ok()?;
        let private = Self::from_private(curve, &*private)?;
        let public = Self::from_public(curve, &private.public)?;
        Some((private, public))
    }

    /// A SubjectPublicKeyInfo of a public key, a PrivateKeyInfo of a private one.
    fn export(&self) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm = self.curve.algorithm();
        let document = match &self.private {
            None => {
                let subject_public_key = BitStringRef::from_bytes(&self.public).ok()?;
                SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()?
            }
            Some(private) => {
                let key = Zeroizing::new(OctetStringRef::new(&**private).ok()?.to_der().ok()?);
                PrivateKeyInfo::new(algorithm, &key).to_der().ok()?
            }
        };
        Some(Zeroizing::new(document))
    }

    fn sign(&self, data: &[u8]) -> Option<Vec<u8>> {
        let pair = Ed25519KeyPair::from_seed_and_public_key(&**self.private.as_ref()?, &self.public).ok()?;
        Some(pair.try_sign(data).ok()?.as_ref().to_vec())
    }

    /// Fails for a peer that would make the secret all zeros (RFC 7748 §6.1).
    fn agree(&self, peer: &Self) -> Option<Zeroizing<Vec<u8>>> {
        let key = agreement::PrivateKey::from_private_key(&X25519, &**self.private.as_ref()?).ok()?;
        let peer = agreement::UnparsedPublicKey::new(&X25519, &peer.public);
        agreement::agree(&key, peer, (), |secret| Ok(Zeroizing::new(secret.to_vec()))).ok()
    }
}

fn with_key<R>(scope: &v8::PinScope, id: v8::Local<v8::Value>, work: impl FnOnce(&OctetKey) -> Option<R>) -> Option<R> {
    match &*material(scope, id)? {
        Material::Octet(key) => work(key),
        _ => None,
    }
}

/// `octetGenerate(privateOwner, publicOwner, curve) → [privateId, publicId]`.
fn octet_generate(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let pair = OctetCurve::from_value(scope, args.get(2)).and_then(OctetKey::generate);
    let Some((private, public)) = pair else { return };
    answer_pair(scope, &args, Material::Octet(private), Material::Octet(public), &mut rv);
}

/// `octetImport(owner, curve, format, bytes) → id | undefined`. `format`: "raw" (of a public key), "spki" or "pkcs8".
fn octet_import(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(curve) = OctetCurve::from_value(scope, args.get(1)) else { return };
    let Some(bytes) = input(scope, args.get(3), 1).map(Zeroizing::new) else { return };
    let key = match args.get(2).to_rust_string_lossy(scope).as_str() {
        "raw" => OctetKey::from_public(curve, &bytes),
        "spki" => OctetKey::from_spki(curve, &bytes),
        "pkcs8" => OctetKey::from_pkcs8(curve, &bytes),
        _ => None,
    };
    if let Some(key) = key {
        answer_kept(scope, args.get(0), Material::Octet(key), &mut rv);
    }
}

/// `octetExport(id, raw) → ArrayBuffer`: the public key's 32 bytes, or a SubjectPublicKeyInfo or PrivateKeyInfo.
fn octet_export(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let raw = args.get(1).is_true();
    let document =
        with_key(scope, args.get(0), |key| if raw { Some(Zeroizing::new(key.public.to_vec())) } else { key.export() });
    if let Some(document) = document {
        answer(scope, &document, &mut rv);
    }
}

/// `ed25519Sign(id, data) → ArrayBuffer | undefined`.
fn ed25519_sign(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(data) = input(scope, args.get(1), 1) else { return };
    if let Some(signature) = with_key(scope, args.get(0), |key| key.sign(&data)) {
        answer(scope, &signature, &mut rv);
    }
}

/// `ed25519Verify(id, signature, data) → boolean`.
fn ed25519_verify(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(signature), Some(data)) = (input(scope, args.get(1), 1), input(scope, args.get(2), 1)) else { return };
    let valid = with_key(scope, args.get(0), |key| {
        UnparsedPublicKey::new(&ED25519, &key.public).verify(&data, &signature).ok()
    });
    rv.set_bool(valid.is_some());
}

/// `x25519Derive(privateId, publicId) → ArrayBuffer | undefined`: the shared secret.
fn x25519_derive(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let secret = with_key(scope, args.get(0), |key| with_key(scope, args.get(1), |peer| key.agree(peer)));
    if let Some(secret) = secret {
        answer(scope, &secret, &mut rv);
    }
}
