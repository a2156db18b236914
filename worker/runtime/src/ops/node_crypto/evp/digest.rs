//! Hash functions by the names that OpenSSL has for them, and HMAC with each.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::c_uint;
use std::ptr::{null, null_mut};

use aws_lc_sys::{
    EVP_DigestFinal_ex, EVP_DigestFinalXOF, EVP_DigestInit_ex, EVP_DigestUpdate, EVP_MAX_MD_SIZE, EVP_MD, EVP_MD_CTX,
    EVP_MD_CTX_copy_ex, EVP_MD_CTX_free, EVP_MD_CTX_new, EVP_MD_FLAG_XOF, EVP_MD_block_size, EVP_MD_flags, EVP_MD_size,
    EVP_md5, EVP_md5_sha1, EVP_ripemd160, EVP_sha1, EVP_sha3_224, EVP_sha3_256, EVP_sha3_384, EVP_sha3_512, EVP_sha224,
    EVP_sha256, EVP_sha384, EVP_sha512, EVP_sha512_224, EVP_sha512_256, EVP_shake128, EVP_shake256, HKDF, HMAC_CTX,
    HMAC_CTX_free, HMAC_CTX_new, HMAC_Final, HMAC_Init_ex, HMAC_Update,
};
use zeroize::Zeroizing;

use super::{done, owned};

/// Most bytes of a result of other functions than XOFs.
pub(in crate::ops::node_crypto) const LONGEST: usize = EVP_MAX_MD_SIZE as usize;

/// A hash function.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Function(*const EVP_MD);

impl Function {
    /// In any case of letters.
    pub(in crate::ops::node_crypto) fn by_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("rsa-").unwrap_or(&name);
        let function = match name {
            "md5" | "ssl3-md5" => EVP_md5,
            "md5-sha1" => EVP_md5_sha1,
            "ripemd160" | "ripemd" | "rmd160" | "ripemd-160" => EVP_ripemd160,
            "sha1" | "sha-1" | "ssl3-sha1" => EVP_sha1,
            "sha224" | "sha-224" | "sha2-224" => EVP_sha224,
            "sha256" | "sha-256" | "sha2-256" => EVP_sha256,
            "sha384" | "sha-384" | "sha2-384" => EVP_sha384,
            "sha512" | "sha-512" | "sha2-512" => EVP_sha512,
            "sha512-224" | "sha512/224" | "sha-512/224" | "sha2-512/224" => EVP_sha512_224,
            "sha512-256" | "sha512/256" | "sha-512/256" | "sha2-512/256" => EVP_sha512_256,
            "sha3-224" => EVP_sha3_224,
            "sha3-256" => EVP_sha3_256,
            "sha3-384" => EVP_sha3_384,
            "sha3-512" => EVP_sha3_512,
            "shake128" | "shake-128" => EVP_shake128,
            "shake256" | "shake-256" => EVP_shake256,
            _ => return None,
        };
        // SAFETY: has no conditions; the result lives for ever.
        Some(Self(unsafe { function() }))
    }

    pub(super) fn ptr(self) -> *const EVP_MD {
        self.0
    }

    /// Bytes of a result. Of an XOF, those that OpenSSL makes when it is not asked for a length.
    pub(in crate::ops::node_crypto) fn size(self) -> usize {
        // SAFETY: functions live for ever.
        let size = unsafe { EVP_MD_size(self.0) };
        match self.block() {
            168 => 16,
            136 if self.is_xof() => 32,
            _ => size,
        }
    }

    fn block(self) -> usize {
        // SAFETY: functions live for ever.
        unsafe { EVP_MD_block_size(self.0) }
    }

    pub(in crate::ops::node_crypto) fn is_xof(self) -> bool {
        // SAFETY: functions live for ever.
        unsafe { EVP_MD_flags(self.0) & EVP_MD_FLAG_XOF.unsigned_abs() != 0 }
    }
}

owned!(
    /// A digest that is being computed.
    Context,
    EVP_MD_CTX,
    EVP_MD_CTX_free
);

impl Context {
    pub(super) fn empty() -> Option<Self> {
        // SAFETY: has no conditions.
        Self::of(unsafe { EVP_MD_CTX_new() })
    }

    pub(super) fn as_ptr(&self) -> *mut EVP_MD_CTX {
        self.ptr()
    }
}

/// A digest or an HMAC that is being computed.
pub(in crate::ops) enum Running {
    Digest(Function, Context),
    Hmac(Function, Box<Hmac>),
}

impl Running {
    pub(in crate::ops::node_crypto) fn digest(function: Function) -> Option<Self> {
        let context = Context::empty()?;
        // SAFETY: the context and the function live.
        done(unsafe { EVP_DigestInit_ex(context.ptr(), function.ptr(), null_mut()) })?;
        Some(Self::Digest(function, context))
    }

    pub(in crate::ops::node_crypto) fn hmac(function: Function, key: &[u8]) -> Option<Self> {
        Some(Self::Hmac(function, Box::new(Hmac::new(function, key)?)))
    }

    pub(in crate::ops::node_crypto) fn update(&mut self, bytes: &[u8]) -> Option<()> {
        match self {
            Self::Digest(_, context) => {
                // SAFETY: the context lives; the bytes are read only.
                done(unsafe { EVP_DigestUpdate(context.ptr(), bytes.as_ptr().cast(), bytes.len()) })
            }
            Self::Hmac(_, hmac) => hmac.update(bytes),
        }
    }

    /// Another one that goes on from here; of a digest only.
    pub(in crate::ops::node_crypto) fn copy(&self) -> Option<Self> {
        let Self::Digest(function, context) = self else { return None };
        let copy = Context::empty()?;
        // SAFETY: both contexts live.
        done(unsafe { EVP_MD_CTX_copy_ex(copy.ptr(), context.ptr()) })?;
        Some(Self::Digest(*function, copy))
    }

    /// How many bytes [`Running::finish`] gives: those that were asked for of an XOF.
    pub(in crate::ops::node_crypto) fn length(&self, wanted: Option<usize>) -> usize {
        match self {
            Self::Digest(function, _) if function.is_xof() => wanted.unwrap_or_else(|| function.size()),
            Self::Digest(function, _) | Self::Hmac(function, _) => function.size(),
        }
    }

    pub(in crate::ops::node_crypto) fn finish(mut self, wanted: Option<usize>) -> Option<Vec<u8>> {
        let mut bytes = vec![0; self.length(wanted)];
        match &mut self {
            Self::Digest(function, context) if function.is_xof() => {
                // SAFETY: the context lives; as many bytes are written as there are.
                done(unsafe { EVP_DigestFinalXOF(context.ptr(), bytes.as_mut_ptr(), bytes.len()) })?;
            }
            Self::Digest(_, context) => {
                // SAFETY: the context lives; there is room for a result.
                done(unsafe { EVP_DigestFinal_ex(context.ptr(), bytes.as_mut_ptr(), null_mut()) })?;
            }
            Self::Hmac(_, hmac) => hmac.finish(&mut bytes)?,
        }
        Some(bytes)
    }
}

owned!(
    /// What AWS-LC keeps of an HMAC; its key is overwritten when it is dropped.
    HmacContext,
    HMAC_CTX,
    HMAC_CTX_free
);

/// An HMAC.
pub(in crate::ops) enum Hmac {
    Own(HmacContext),
    /// With a function that AWS-LC has no HMAC with.
    Composed(Composed),
}

impl Hmac {
    pub(in crate::ops::node_crypto) fn new(function: Function, key: &[u8]) -> Option<Self> {
        // SAFETY: has no conditions.
        let context = HmacContext::of(unsafe { HMAC_CTX_new() })?;
        // A pointer that is not null, also for a key without bytes: null would mean the key before.
        let key_bytes = if key.is_empty() { [0_u8].as_ptr() } else { key.as_ptr() };
        // SAFETY: the context and the function live; the key is read only.
        let own = unsafe { HMAC_Init_ex(context.ptr(), key_bytes.cast(), key.len(), function.ptr(), null_mut()) };
        match done(own) {
            Some(()) => Some(Self::Own(context)),
            None => Composed::new(function, key).map(Self::Composed),
        }
    }

    /// With a function of [`Function::by_name`].
    pub(in crate::ops) fn of_hash(name: &str, key: &[u8]) -> Option<Self> {
        Self::new(Function::by_name(name)?, key)
    }

    /// Begins again, with the same key.
    pub(in crate::ops) fn restart(&mut self) -> Option<()> {
        match self {
            // SAFETY: the context has a key; nulls mean that one.
            Self::Own(context) => done(unsafe { HMAC_Init_ex(context.ptr(), null(), 0, null(), null_mut()) }),
            Self::Composed(composed) => composed.restart(),
        }
    }

    pub(in crate::ops) fn update(&mut self, bytes: &[u8]) -> Option<()> {
        match self {
            // SAFETY: the context lives; the bytes are read only.
            Self::Own(context) => done(unsafe { HMAC_Update(context.ptr(), bytes.as_ptr(), bytes.len()) }),
            Self::Composed(composed) => composed.running.update(bytes),
        }
    }

    /// `out` has the function's size.
    pub(in crate::ops) fn finish(&mut self, out: &mut [u8]) -> Option<()> {
        let context = match self {
            Self::Own(context) => context,
            Self::Composed(composed) => return composed.finish(out),
        };
        let mut bytes = Zeroizing::new([0; LONGEST]);
        let mut length: c_uint = 0;
        // SAFETY: the context lives; there is room for the longest result.
        done(unsafe { HMAC_Final(context.ptr(), bytes.as_mut_ptr(), &raw mut length) })?;
        out.copy_from_slice(bytes.get(..usize::try_from(length).ok()?).filter(|bytes| bytes.len() == out.len())?);
        Some(())
    }
}

/// HMAC (RFC 2104) of two digests.
pub(in crate::ops) struct Composed {
    /// Both digests behind the first block, which is the key.
    inner: Running,
    outer: Running,
    running: Running,
}

impl Composed {
    fn new(function: Function, key: &[u8]) -> Option<Self> {
        let mut block = Zeroizing::new(vec![0; function.block()]);
        if key.len() > block.len() {
            let mut digest = Running::digest(function)?;
            digest.update(key)?;
            let short = Zeroizing::new(digest.finish(None)?);
            block.get_mut(..short.len())?.copy_from_slice(&short);
        } else {
            block.get_mut(..key.len())?.copy_from_slice(key);
        }
        let begin = |mask: u8| {
            let masked: Zeroizing<Vec<u8>> = Zeroizing::new(block.iter().map(|byte| byte ^ mask).collect());
            let mut digest = Running::digest(function)?;
            digest.update(&masked)?;
            Some(digest)
        };
        let inner = begin(0x36)?;
        let running = inner.copy()?;
        Some(Self { inner, outer: begin(0x5c)?, running })
    }

    fn restart(&mut self) -> Option<()> {
        self.running = self.inner.copy()?;
        Some(())
    }

    fn finish(&mut self, out: &mut [u8]) -> Option<()> {
        let next = self.inner.copy()?;
        let inner = Zeroizing::new(std::mem::replace(&mut self.running, next).finish(None)?);
        let mut outer = self.outer.copy()?;
        outer.update(&inner)?;
        let tag = Zeroizing::new(outer.finish(None)?);
        out.copy_from_slice(Some(tag.as_slice()).filter(|tag| tag.len() == out.len())?);
        Some(())
    }
}

/// `length` bytes, at most 255 results of the function (RFC 5869).
pub(in crate::ops::node_crypto) fn hkdf(
    function: Function,
    secret: &[u8],
    salt: &[u8],
    info: &[u8],
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(vec![0; length]);
    // SAFETY: as many bytes are written as there are; the rest is read only.
    done(unsafe {
        HKDF(
            out.as_mut_ptr(),
            length,
            function.ptr(),
            secret.as_ptr(),
            secret.len(),
            salt.as_ptr(),
            salt.len(),
            info.as_ptr(),
            info.len(),
        )
    })?;
    Some(out)
}
