//! RSA keys and what they do: RSASSA-PKCS1-v1_5, RSA-PSS (`rsa/signing.rs`) and RSA-OAEP.

use std::cell::OnceCell;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use pkcs1::der::asn1::{AnyRef, BitStringRef};
use pkcs1::der::{Decode as _, Encode as _};
use pkcs1::{ObjectIdentifier, RsaPrivateKey, RsaPublicKey, UintRef};
use pkcs8::PrivateKeyInfo;
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use super::super::bytes::to_uint8_array;
use super::super::ops;
use super::keys::{Material, answer_kept, answer_pair, material};
use super::{Hash, answer, input, optional_input, size};
use signing::Signer;

mod signing;

ops! {
    "rsaExport" => rsa_export,
    "rsaGenerate" => rsa_generate,
    "rsaImport" => rsa_import,
    "rsaNumbers" => rsa_numbers,
    "rsaOaep" => rsa_oaep,
    "rsaSign" => rsa_sign,
    "rsaVerify" => rsa_verify,
}

/// rsaEncryption (RFC 8017 appendix A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const ALGORITHM: AlgorithmIdentifierRef<'static> =
    AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };

/// Most bits of a modulus: what is done with it cannot be interrupted.
const LARGEST_MODULUS: usize = 8192;

/// One key.
pub(super) struct RsaKey {
    private: bool,
    /// An RSAPublicKey or an RSAPrivateKey (RFC 8017 appendix A.1).
    der: Zeroizing<Vec<u8>>,
    signer: Signer,
    /// The key in the form for OAEP, made when first used.
    oaep: OnceCell<Option<Oaep>>,
}

enum Oaep {
    Encrypt(OaepPublicEncryptingKey),
    Decrypt(OaepPrivateDecryptingKey),
}

impl RsaKey {
    /// Checks the key.
    pub(super) fn new(private: bool, der: Zeroizing<Vec<u8>>) -> Option<Self> {
        // In the canonical form only, and without further primes.
        let modulus = if private {
            let key = RsaPrivateKey::from_der(&der).ok().filter(|key| key.other_prime_infos.is_none())?;
            key.modulus.as_bytes().len()
        } else {
            RsaPublicKey::from_der(&der).ok()?.modulus.as_bytes().len()
        };
        if modulus > LARGEST_MODULUS / 8 {
            return None;
        }
        let signer = Signer::new(private, &der)?;
        Some(Self { private, der, signer, oaep: OnceCell::new() })
    }

    pub(super) fn memory(&self) -> usize {
        4096 + 4 * self.der.len()
    }

    /// n and e; of a private key also d, p, q, dp, dq and qi. Big-endian, without leading zeros.
    pub(super) fn numbers(&self) -> Option<Vec<Zeroizing<Vec<u8>>>> {
        let numbers = if self.private {
            let key = RsaPrivateKey::from_der(&self.der).ok()?;
            vec![
                key.modulus,
                key.public_exponent,
                key.private_exponent,
                key.prime1,
                key.prime2,
                key.exponent1,
                key.exponent2,
                key.coefficient,
            ]
        } else {
            let key = RsaPublicKey::from_der(&self.der).ok()?;
            vec![key.modulus, key.public_exponent]
        };
        Some(numbers.into_iter().map(|number| Zeroizing::new(number.as_bytes().to_vec())).collect())
    }

    /// A key of what [`RsaKey::numbers`] gives.
    pub(super) fn from_numbers(numbers: &[Zeroizing<Vec<u8>>]) -> Option<Self> {
        let numbers: Vec<_> = numbers.iter().map(|number| UintRef::new(number).ok()).collect::<Option<_>>()?;
        match *numbers.as_slice() {
            [modulus, public_exponent] => {
                Self::new(false, Zeroizing::new(RsaPublicKey { modulus, public_exponent }.to_der().ok()?))
            }
            [modulus, public_exponent, private_exponent, prime1, prime2, exponent1, exponent2, coefficient] => {
                let key = RsaPrivateKey {
                    modulus,
                    public_exponent,
                    private_exponent,
                    prime1,
                    prime2,
                    exponent1,
                    exponent2,
                    coefficient,
                    other_prime_infos: None,
                };
                Self::new(true, Zeroizing::new(key.to_der().ok()?))
            }
            _ => None,
        }
    }

    fn from_spki(bytes: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
        if info.algorithm.oid != RSA_ENCRYPTION {
            return None;
        }
        Self::new(false, Zeroizing::new(info.subject_public_key.as_bytes()?.to_vec()))
    }

    fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfo::from_der(bytes).ok()?;
        if info.algorithm.oid != RSA_ENCRYPTION {
            return None;
        }
        Self::new(true, Zeroizing::new(info.private_key.to_vec()))
    }

    /// The public key of a private one.
    fn public(&self) -> Option<Self> {
        Self::from_numbers(self.numbers()?.get(..2)?)
    }

    /// A SubjectPublicKeyInfo of a public key, a PrivateKeyInfo of a private one.
    fn export(&self) -> Option<Zeroizing<Vec<u8>>> {
        let document = if self.private {
            PrivateKeyInfo::new(ALGORITHM, &self.der).to_der().ok()?
        } else {
            let subject_public_key = BitStringRef::from_bytes(&self.der).ok()?;
            SubjectPublicKeyInfoRef { algorithm: ALGORITHM, subject_public_key }.to_der().ok()?
        };
        Some(Zeroizing::new(document))
    }

    fn oaep(&self) -> Option<&Oaep> {
        let made = self.oaep.get_or_init(|| {
            let document = self.export()?;
            Some(if self.private {
                let key = PrivateDecryptingKey::from_pkcs8(&document).ok()?;
                Oaep::Decrypt(OaepPrivateDecryptingKey::new(key).ok()?)
            } else {
                let key = PublicEncryptingKey::from_der(&document).ok()?;
                Oaep::Encrypt(OaepPublicEncryptingKey::new(key).ok()?)
            })
        });
        made.as_ref()
    }

    fn translate(&self, hash: Hash, label: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm: &OaepAlgorithm = match hash {
            Hash::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Hash::Sha256 => &OAEP_SHA256_MGF1SHA256,
            Hash::Sha384 => &OAEP_SHA384_MGF1SHA384,
            Hash::Sha512 => &OAEP_SHA512_MGF1SHA512,
        };
        let label = (!label.is_empty()).then_some(label);
        let mut out = Zeroizing::new(vec![0; LARGEST_MODULUS / 8]);
        let length = match self.oaep()? {
            Oaep::Encrypt(key) => key.encrypt(algorithm, data, &mut out, label).ok()?.len(),
            Oaep::Decrypt(key) => key.decrypt(algorithm, data, &mut out, label).ok()?.len(),
        };
        out.truncate(length);
        Some(out)
    }
}

fn with_key<R>(scope: &v8::PinScope, id: v8::Local<v8::Value>, work: impl FnOnce(&RsaKey) -> Option<R>) -> Option<R> {
    match &*material(scope, id)? {
        Material::Rsa(key) => work(key),
        _ => None,
    }
}

/// `rsaGenerate(privateOwner, publicOwner, modulusLength) → [privateId, publicId] | undefined`: a pair with the public
/// exponent 65537. `modulusLength`: 2048, 3072 or 4096.
fn rsa_generate(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let size = match args.get(2).uint32_value(scope) {
        Some(2048) => KeySize::Rsa2048,
        Some(3072) => KeySize::Rsa3072,
        Some(4096) => KeySize::Rsa4096,
        _ => return,
    };
    let Some((private, public)) = generate(size) else { return };
    answer_pair(scope, &args, Material::Rsa(private), Material::Rsa(public), &mut rv);
}

fn generate(size: KeySize) -> Option<(RsaKey, RsaKey)> {
    let pair = KeyPair::generate(size).ok()?;
    let private = RsaKey::from_pkcs8(pair.as_der().ok()?.as_ref())?;
    let public = private.public()?;
    Some((private, public))
}

/// `rsaImport(owner, private, bytes) → id | undefined`: of a SubjectPublicKeyInfo or a PrivateKeyInfo.
fn rsa_import(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(bytes) = input(scope, args.get(2), 1).map(Zeroizing::new) else { return };
    let key = if args.get(1).is_true() { RsaKey::from_pkcs8(&bytes) } else { RsaKey::from_spki(&bytes) };
    if let Some(key) = key {
        answer_kept(scope, args.get(0), Material::Rsa(key), &mut rv);
    }
}

/// `rsaExport(id) → ArrayBuffer`: a SubjectPublicKeyInfo or a PrivateKeyInfo.
fn rsa_export(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Some(document) = with_key(scope, args.get(0), RsaKey::export) {
        answer(scope, &document, &mut rv);
    }
}

/// `rsaNumbers(id) → [modulusLength, publicExponent]`: the length in bits, the exponent as a Uint8Array.
fn rsa_numbers(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(numbers) = with_key(scope, args.get(0), RsaKey::numbers) else { return };
    let [modulus, exponent, ..] = numbers.as_slice() else { return };
    let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = u32::try_from(modulus.len() * 8).unwrap_or_default().saturating_sub(unused);
    let bits = v8::Integer::new_from_unsigned(scope, bits).into();
    if let Some(exponent) = to_uint8_array(scope, exponent) {
        rv.set(v8::Array::new_with_elements(scope, &[bits, exponent.into()]).into());
    }
}

/// `rsaSign(id, hash, saltLength, data) → ArrayBuffer | undefined`: `saltLength` in bytes means RSA-PSS, undefined
/// RSASSA-PKCS1-v1_5.
fn rsa_sign(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(1)) else { return };
    let Some(digest) = hash.digest(scope, args.get(3)) else { return };
    let salt = salt(scope, args.get(2));
    let signature = with_key(scope, args.get(0), |key| match salt {
        _ if !key.private => None,
        None => key.signer.sign_pkcs1(hash, digest.as_ref()),
        Some(salt) => key.signer.sign_pss(hash, salt, digest.as_ref()),
    });
    if let Some(signature) = signature {
        answer(scope, &signature, &mut rv);
    }
}

/// `rsaVerify(id, hash, saltLength, signature, data) → boolean`.
fn rsa_verify(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(1)) else { return };
    let Some(signature) = input(scope, args.get(3), 1) else { return };
    let Some(digest) = hash.digest(scope, args.get(4)) else { return };
    let salt = salt(scope, args.get(2));
    let valid = with_key(scope, args.get(0), |key| {
        Some(match salt {
            None => key.signer.verify_pkcs1(hash, digest.as_ref(), &signature),
            Some(salt) => key.signer.verify_pss(hash, salt, digest.as_ref(), &signature),
        })
    });
    rv.set_bool(valid == Some(true));
}

fn salt(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<usize> {
    if value.is_undefined() { None } else { size(scope, value) }
}

/// `rsaOaep(id, hash, label, data) → ArrayBuffer | undefined`: encrypts with a public key, decrypts with a private one.
fn rsa_oaep(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(hash) = Hash::from_value(scope, args.get(1)) else { return };
    let Some(label) = optional_input(scope, args.get(2)) else { return };
    let Some(data) = input(scope, args.get(3), 1) else { return };
    if let Some(out) = with_key(scope, args.get(0), |key| key.translate(hash, &label, &data)) {
        answer(scope, &out, &mut rv);
    }
}
