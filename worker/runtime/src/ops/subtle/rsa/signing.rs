//! Signatures with RSA. The safe interface of AWS-LC has neither SHA-1, which old protocols sign with, nor salts of any
//! length, nor keys under 2048 bits, which there still are to be verified with; so this calls its C functions.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::{c_int, c_uint};
use std::ptr::NonNull;

use aws_lc_sys::{
    EVP_MD, EVP_sha1, EVP_sha256, EVP_sha384, EVP_sha512, NID_sha1, NID_sha256, NID_sha384, NID_sha512, RSA, RSA_free,
    RSA_private_key_from_bytes, RSA_public_key_from_bytes, RSA_sign, RSA_sign_pss_mgf1, RSA_size, RSA_verify,
    RSA_verify_pss_mgf1,
};

use super::super::Hash;

/// A key as AWS-LC has it, which overwrites it when it is dropped.
pub(super) struct Signer(NonNull<RSA>);

impl Drop for Signer {
    fn drop(&mut self) {
        // SAFETY: the key is ours and is freed once.
        unsafe { RSA_free(self.0.as_ptr()) }
    }
}

fn nid(hash: Hash) -> c_int {
    match hash {
        Hash::Sha1 => NID_sha1,
        Hash::Sha256 => NID_sha256,
        Hash::Sha384 => NID_sha384,
        Hash::Sha512 => NID_sha512,
    }
}

fn function(hash: Hash) -> *const EVP_MD {
    let function = match hash {
        Hash::Sha1 => EVP_sha1,
        Hash::Sha256 => EVP_sha256,
        Hash::Sha384 => EVP_sha384,
        Hash::Sha512 => EVP_sha512,
    };
    // SAFETY: has no conditions; the result lives for ever.
    unsafe { function() }
}

impl Signer {
    /// Of an RSAPrivateKey or an RSAPublicKey. The numbers are checked, as far as can be without factoring.
    pub(super) fn new(private: bool, der: &[u8]) -> Option<Self> {
        let parse = if private { RSA_private_key_from_bytes } else { RSA_public_key_from_bytes };
        // SAFETY: the bytes are read only; the result is ours, or null.
        let key = unsafe { parse(der.as_ptr(), der.len()) };
        NonNull::new(key).map(Self)
    }

    /// Bytes of a signature.
    fn size(&self) -> usize {
        // SAFETY: the key lives.
        let bytes = unsafe { RSA_size(self.0.as_ptr()) };
        usize::try_from(bytes).unwrap_or_default()
    }

    /// Of a private key only.
    pub(super) fn sign_pkcs1(&self, hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.size()];
        let mut length: c_uint = 0;
        // SAFETY: the key lives; there is room for a signature.
        let done = unsafe {
            RSA_sign(nid(hash), digest.as_ptr(), digest.len(), signature.as_mut_ptr(), &raw mut length, self.0.as_ptr())
        };
        (done == 1 && usize::try_from(length) == Ok(signature.len())).then_some(signature)
    }

    pub(super) fn verify_pkcs1(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        // SAFETY: the key lives; the bytes are read only.
        let done = unsafe {
            RSA_verify(nid(hash), digest.as_ptr(), digest.len(), signature.as_ptr(), signature.len(), self.0.as_ptr())
        };
        done == 1
    }

    /// Of a private key only. `salt`: its length.
    pub(super) fn sign_pss(&self, hash: Hash, salt: usize, digest: &[u8]) -> Option<Vec<u8>> {
        let salt = c_int::try_from(salt).ok()?;
        let mut signature = vec![0; self.size()];
        let mut length = 0;
        // SAFETY: the key lives; there is room for a signature, and its size is passed.
        let done = unsafe {
            RSA_sign_pss_mgf1(
                self.0.as_ptr(),
                &raw mut length,
                signature.as_mut_ptr(),
                signature.len(),
                digest.as_ptr(),
                digest.len(),
                function(hash),
                function(hash),
                salt,
            )
        };
        (done == 1 && length == signature.len()).then_some(signature)
    }

    /// `salt`: the length that it must have.
    pub(super) fn verify_pss(&self, hash: Hash, salt: usize, digest: &[u8], signature: &[u8]) -> bool {
        let Ok(salt) = c_int::try_from(salt) else { return false };
        // SAFETY: the key lives; the bytes are read only.
        let done = unsafe {
            RSA_verify_pss_mgf1(
                self.0.as_ptr(),
                digest.as_ptr(),
                digest.len(),
                function(hash),
                function(hash),
                salt,
                signature.as_ptr(),
                signature.len(),
            )
        };
        done == 1
    }
}
