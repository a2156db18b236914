//! What is done with keys: signatures, encryption with RSA, agreement.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::c_int;
use std::ptr::{null, null_mut};

use aws_lc_sys::{
    BN_bin2bn, ECDSA_SIG, ECDSA_SIG_free, ECDSA_SIG_from_bytes, ECDSA_SIG_get0, ECDSA_SIG_new, ECDSA_SIG_set0,
    ECDSA_SIG_to_bytes, EVP_DigestSign, EVP_DigestSignInit, EVP_DigestVerify, EVP_DigestVerifyInit, EVP_PKEY_CTX,
    EVP_PKEY_CTX_free, EVP_PKEY_CTX_new, EVP_PKEY_CTX_set_rsa_mgf1_md, EVP_PKEY_CTX_set_rsa_oaep_md,
    EVP_PKEY_CTX_set_rsa_padding, EVP_PKEY_CTX_set_rsa_pss_saltlen, EVP_PKEY_CTX_set_signature_md,
    EVP_PKEY_CTX_set0_rsa_oaep_label, EVP_PKEY_decrypt, EVP_PKEY_decrypt_init, EVP_PKEY_derive, EVP_PKEY_derive_init,
    EVP_PKEY_derive_set_peer, EVP_PKEY_encrypt, EVP_PKEY_encrypt_init, EVP_PKEY_sign, EVP_PKEY_sign_init,
    EVP_PKEY_size, EVP_PKEY_verify, EVP_PKEY_verify_init, OPENSSL_free, OPENSSL_memdup, RSA_NO_PADDING,
    RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_sign_raw, RSA_verify_raw,
};
use zeroize::Zeroizing;

use super::digest::{Context as DigestContext, Function};
use super::key::{Kind, Pkey};
use super::{done, owned, padded_bytes, take_bytes};

type Bytes = Zeroizing<Vec<u8>>;

owned!(Operation, EVP_PKEY_CTX, EVP_PKEY_CTX_free);
owned!(EcdsaSignature, ECDSA_SIG, ECDSA_SIG_free);

/// How RSA pads what it signs or encrypts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ops::node_crypto) enum Padding {
    None,
    Pkcs1,
    Oaep,
    Pss,
}

impl Padding {
    /// OpenSSL's number.
    pub(in crate::ops::node_crypto) fn by_number(number: i32) -> Option<Self> {
        match number {
            RSA_NO_PADDING => Some(Self::None),
            RSA_PKCS1_PADDING => Some(Self::Pkcs1),
            RSA_PKCS1_OAEP_PADDING => Some(Self::Oaep),
            RSA_PKCS1_PSS_PADDING => Some(Self::Pss),
            _ => None,
        }
    }

    fn number(self) -> c_int {
        match self {
            Self::None => RSA_NO_PADDING,
            Self::Pkcs1 => RSA_PKCS1_PADDING,
            Self::Oaep => RSA_PKCS1_OAEP_PADDING,
            Self::Pss => RSA_PKCS1_PSS_PADDING,
        }
    }
}

/// How a digest is signed.
#[derive(Clone, Copy)]
pub(in crate::ops::node_crypto) struct Scheme {
    pub(in crate::ops::node_crypto) function: Function,
    pub(in crate::ops::node_crypto) padding: Padding,
    /// Bytes of PSS's salt, or OpenSSL's numbers that say how many.
    pub(in crate::ops::node_crypto) salt: i32,
}

/// Asks twice: for the length of the result, then for it.
fn sized(run: impl Fn(*mut u8, *mut usize) -> c_int) -> Option<Bytes> {
    let mut length = 0;
    done(run(null_mut(), &raw mut length))?;
    let mut out = Zeroizing::new(vec![0; length]);
    done(run(out.as_mut_ptr(), &raw mut length))?;
    out.truncate(length);
    Some(out)
}

impl Pkey {
    fn operation(&self) -> Option<Operation> {
        // SAFETY: the key lives; the operation has a share of it.
        Operation::of(unsafe { EVP_PKEY_CTX_new(self.as_ptr(), null_mut()) })
    }

    fn set_scheme(&self, operation: &Operation, scheme: Scheme) -> Option<()> {
        // A curve signs the first bits of any digest, whatever made it.
        if !matches!(self.kind()?, Kind::Rsa | Kind::RsaPss) {
            return Some(());
        }
        // SAFETY: operation and function live.
        done(unsafe { EVP_PKEY_CTX_set_signature_md(operation.ptr(), scheme.function.ptr()) })?;
        // SAFETY: the operation lives, and is one of RSA.
        done(unsafe { EVP_PKEY_CTX_set_rsa_padding(operation.ptr(), scheme.padding.number()) })?;
        if scheme.padding == Padding::Pss {
            // SAFETY: as above.
            done(unsafe { EVP_PKEY_CTX_set_rsa_pss_saltlen(operation.ptr(), scheme.salt) })?;
        }
        Some(())
    }

    /// The signature of a digest: of RSA or a curve.
    pub(in crate::ops::node_crypto) fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Option<Bytes> {
        let operation = self.operation()?;
        // SAFETY: the operation lives.
        done(unsafe { EVP_PKEY_sign_init(operation.ptr()) })?;
        self.set_scheme(&operation, scheme)?;
        // SAFETY: the operation lives; the digest is read only; `sized` gives room for as many bytes as it says.
        sized(|out, length| unsafe { EVP_PKEY_sign(operation.ptr(), out, length, digest.as_ptr(), digest.len()) })
    }

    pub(in crate::ops::node_crypto) fn verify_digest(
        &self,
        scheme: Scheme,
        digest: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        let operation = self.operation()?;
        // SAFETY: the operation lives.
        done(unsafe { EVP_PKEY_verify_init(operation.ptr()) })?;
        self.set_scheme(&operation, scheme)?;
        // SAFETY: the operation lives; both are read only.
        let valid = done(unsafe {
            EVP_PKEY_verify(operation.ptr(), signature.as_ptr(), signature.len(), digest.as_ptr(), digest.len())
        });
        Some(valid.is_some())
    }

    /// The signature of data: of Ed25519.
    pub(in crate::ops::node_crypto) fn sign_data(&self, data: &[u8]) -> Option<Bytes> {
        let context = DigestContext::empty()?;
        // SAFETY: context and key live.
        done(unsafe { EVP_DigestSignInit(context.as_ptr(), null_mut(), null(), null_mut(), self.as_ptr()) })?;
        // SAFETY: the context lives; the data is read only; `sized` gives room for as many bytes as it says.
        sized(|out, length| unsafe { EVP_DigestSign(context.as_ptr(), out, length, data.as_ptr(), data.len()) })
    }

    pub(in crate::ops::node_crypto) fn verify_data(&self, data: &[u8], signature: &[u8]) -> Option<bool> {
        let context = DigestContext::empty()?;
        // SAFETY: context and key live.
        done(unsafe { EVP_DigestVerifyInit(context.as_ptr(), null_mut(), null(), null_mut(), self.as_ptr()) })?;
        // SAFETY: the context lives; both are read only.
        let valid = done(unsafe {
            EVP_DigestVerify(context.as_ptr(), signature.as_ptr(), signature.len(), data.as_ptr(), data.len())
        });
        Some(valid.is_some())
    }

    /// With a public key. `function`, `label`: of OAEP.
    pub(in crate::ops::node_crypto) fn encrypt(
        &self,
        padding: Padding,
        function: Function,
        label: &[u8],
        data: &[u8],
    ) -> Option<Bytes> {
        let operation = self.operation()?;
        // SAFETY: the operation lives.
        done(unsafe { EVP_PKEY_encrypt_init(operation.ptr()) })?;
        set_encryption(&operation, padding, function, label)?;
        // SAFETY: the operation lives; the data is read only; `sized` gives room for as many bytes as it says.
        sized(|out, length| unsafe { EVP_PKEY_encrypt(operation.ptr(), out, length, data.as_ptr(), data.len()) })
    }

    /// With a private key.
    pub(in crate::ops::node_crypto) fn decrypt(
        &self,
        padding: Padding,
        function: Function,
        label: &[u8],
        data: &[u8],
    ) -> Option<Bytes> {
        let operation = self.operation()?;
        // SAFETY: the operation lives.
        done(unsafe { EVP_PKEY_decrypt_init(operation.ptr()) })?;
        set_encryption(&operation, padding, function, label)?;
        // SAFETY: the operation lives; the data is read only; `sized` gives room for as many bytes as it says.
        sized(|out, length| unsafe { EVP_PKEY_decrypt(operation.ptr(), out, length, data.as_ptr(), data.len()) })
    }

    fn modulus_bytes(&self) -> usize {
        // SAFETY: the key lives.
        usize::try_from(unsafe { EVP_PKEY_size(self.as_ptr()) }).unwrap_or_default()
    }

    /// What a signature of RSA without a hash function is.
    pub(in crate::ops::node_crypto) fn private_encrypt(&self, padding: Padding, data: &[u8]) -> Option<Bytes> {
        let mut out = Zeroizing::new(vec![0; self.modulus_bytes()]);
        let (room, mut length) = (out.len(), 0);
        // SAFETY: the key lives; the data is read only; no more is written than there is room.
        done(unsafe {
            RSA_sign_raw(
                self.rsa()?,
                &raw mut length,
                out.as_mut_ptr(),
                room,
                data.as_ptr(),
                data.len(),
                padding.number(),
            )
        })?;
        out.truncate(length);
        Some(out)
    }

    pub(in crate::ops::node_crypto) fn public_decrypt(&self, padding: Padding, data: &[u8]) -> Option<Bytes> {
        let mut out = Zeroizing::new(vec![0; self.modulus_bytes()]);
        let (room, mut length) = (out.len(), 0);
        // SAFETY: the key lives; the data is read only; no more is written than there is room.
        done(unsafe {
            RSA_verify_raw(
                self.rsa()?,
                &raw mut length,
                out.as_mut_ptr(),
                room,
                data.as_ptr(),
                data.len(),
                padding.number(),
            )
        })?;
        out.truncate(length);
        Some(out)
    }

    /// The secret that both sides have.
    pub(in crate::ops::node_crypto) fn agree(&self, peer: &Self) -> Option<Bytes> {
        let operation = self.operation()?;
        // SAFETY: the operation lives.
        done(unsafe { EVP_PKEY_derive_init(operation.ptr()) })?;
        // SAFETY: operation and peer live; the operation has a share of it.
        done(unsafe { EVP_PKEY_derive_set_peer(operation.ptr(), peer.as_ptr()) })?;
        // SAFETY: the operation lives; `sized` gives room for as many bytes as it says.
        sized(|out, length| unsafe { EVP_PKEY_derive(operation.ptr(), out, length) })
    }

    /// Bytes of each number of a signature of a curve.
    fn ecdsa_length(&self) -> Option<usize> {
        self.curve()?;
        usize::try_from(self.bits().div_ceil(8)).ok()
    }

    /// A signature in DER as the two numbers, one behind the other.
    pub(in crate::ops::node_crypto) fn ecdsa_numbers(&self, der: &[u8]) -> Option<Bytes> {
        let length = self.ecdsa_length()?;
        // SAFETY: the bytes are read only.
        let signature = EcdsaSignature::of(unsafe { ECDSA_SIG_from_bytes(der.as_ptr(), der.len()) })?;
        let (mut r, mut s) = (null(), null());
        // SAFETY: the signature lives, and its numbers as long as it.
        unsafe { ECDSA_SIG_get0(signature.ptr(), &raw mut r, &raw mut s) };
        let mut numbers = padded_bytes(r, length)?;
        numbers.extend_from_slice(&padded_bytes(s, length)?);
        Some(numbers)
    }

    /// And back.
    pub(in crate::ops::node_crypto) fn ecdsa_der(&self, numbers: &[u8]) -> Option<Bytes> {
        let length = self.ecdsa_length()?;
        let (r, s) = numbers.split_at_checked(length).filter(|(_, s)| s.len() == length)?;
        // SAFETY: has no conditions.
        let signature = EcdsaSignature::of(unsafe { ECDSA_SIG_new() })?;
        // SAFETY: the bytes are read only; the signature takes the numbers.
        done(unsafe {
            let (r, s) = (BN_bin2bn(r.as_ptr(), r.len(), null_mut()), BN_bin2bn(s.as_ptr(), s.len(), null_mut()));
            ECDSA_SIG_set0(signature.ptr(), r, s)
        })?;
        let (mut bytes, mut length) = (null_mut(), 0);
        // SAFETY: the signature lives; the bytes are ours after it.
        done(unsafe { ECDSA_SIG_to_bytes(&raw mut bytes, &raw mut length, signature.ptr()) })?;
        take_bytes(bytes, length)
    }
}

fn set_encryption(operation: &Operation, padding: Padding, function: Function, label: &[u8]) -> Option<()> {
    // SAFETY: the operation lives, and is one of RSA or refuses.
    done(unsafe { EVP_PKEY_CTX_set_rsa_padding(operation.ptr(), padding.number()) })?;
    if padding != Padding::Oaep {
        return Some(());
    }
    // SAFETY: as above; functions live for ever.
    done(unsafe { EVP_PKEY_CTX_set_rsa_oaep_md(operation.ptr(), function.ptr()) })?;
    // SAFETY: as above.
    done(unsafe { EVP_PKEY_CTX_set_rsa_mgf1_md(operation.ptr(), function.ptr()) })?;
    if label.is_empty() {
        return Some(());
    }
    // SAFETY: the label is read only.
    let copy = unsafe { OPENSSL_memdup(label.as_ptr().cast(), label.len()) };
    // SAFETY: as above; the operation takes the copy where this succeeds.
    let set = done(unsafe { EVP_PKEY_CTX_set0_rsa_oaep_label(operation.ptr(), copy.cast(), label.len()) });
    if set.is_none() {
        // SAFETY: the copy is ours still.
        unsafe { OPENSSL_free(copy) };
    }
    set
}
