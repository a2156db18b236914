//! Ciphers by the names that OpenSSL has for them, over data that comes in pieces.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::c_int;
use std::ptr::{null, null_mut};

use aws_lc_sys::{
    EVP_CIPHER, EVP_CIPHER_CTX, EVP_CIPHER_CTX_ctrl, EVP_CIPHER_CTX_free, EVP_CIPHER_CTX_new,
    EVP_CIPHER_CTX_set_padding, EVP_CIPHER_block_size, EVP_CIPHER_iv_length, EVP_CIPHER_key_length, EVP_CIPHER_nid,
    EVP_CTRL_AEAD_GET_TAG, EVP_CTRL_AEAD_SET_IVLEN, EVP_CTRL_AEAD_SET_TAG, EVP_CipherFinal_ex, EVP_CipherInit_ex,
    EVP_CipherUpdate, EVP_aes_128_cbc, EVP_aes_128_cfb128, EVP_aes_128_ctr, EVP_aes_128_ecb, EVP_aes_128_gcm,
    EVP_aes_128_ofb, EVP_aes_192_cbc, EVP_aes_192_cfb128, EVP_aes_192_ctr, EVP_aes_192_ecb, EVP_aes_192_gcm,
    EVP_aes_192_ofb, EVP_aes_256_cbc, EVP_aes_256_cfb128, EVP_aes_256_ctr, EVP_aes_256_ecb, EVP_aes_256_gcm,
    EVP_aes_256_ofb, EVP_aes_256_xts, EVP_chacha20_poly1305, EVP_des_ede, EVP_des_ede_cbc, EVP_des_ede3_cbc,
    EVP_des_ede3_ecb, NID_chacha20_poly1305,
};

use super::{done, owned};

/// Bytes that a piece's result may be longer than the piece.
const BLOCK: usize = 32;

/// OpenSSL's number.
const OPENSSL_CHACHA20_POLY1305: u32 = 1018;

/// A cipher, and how it is used.
#[derive(Clone, Copy)]
pub(in crate::ops::node_crypto) struct Cipher {
    cipher: *const EVP_CIPHER,
    pub(in crate::ops::node_crypto) mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ops::node_crypto) enum Mode {
    Cbc,
    Cfb,
    Ctr,
    Ecb,
    Gcm,
    Ofb,
    Stream,
    Xts,
}

impl Mode {
    /// As Node.js names it.
    pub(in crate::ops::node_crypto) fn name(self) -> &'static str {
        match self {
            Self::Cbc => "cbc",
            Self::Cfb => "cfb",
            Self::Ctr => "ctr",
            Self::Ecb => "ecb",
            Self::Gcm => "gcm",
            Self::Ofb => "ofb",
            Self::Stream => "stream",
            Self::Xts => "xts",
        }
    }

    /// Whether it authenticates what it encrypts.
    pub(in crate::ops::node_crypto) fn has_tag(self) -> bool {
        matches!(self, Self::Gcm | Self::Stream)
    }
}

impl Cipher {
    /// In any case of letters.
    pub(in crate::ops::node_crypto) fn by_name(name: &str) -> Option<Self> {
        let (cipher, mode): (unsafe extern "C" fn() -> *const EVP_CIPHER, _) = match &*name.to_ascii_lowercase() {
            "aes-128-cbc" | "aes128" => (EVP_aes_128_cbc, Mode::Cbc),
            "aes-128-cfb" => (EVP_aes_128_cfb128, Mode::Cfb),
            "aes-128-ctr" => (EVP_aes_128_ctr, Mode::Ctr),
            "aes-128-ecb" => (EVP_aes_128_ecb, Mode::Ecb),
            "aes-128-gcm" | "id-aes128-gcm" => (EVP_aes_128_gcm, Mode::Gcm),
            "aes-128-ofb" => (EVP_aes_128_ofb, Mode::Ofb),
            "aes-192-cbc" | "aes192" => (EVP_aes_192_cbc, Mode::Cbc),
            "aes-192-cfb" => (EVP_aes_192_cfb128, Mode::Cfb),
            "aes-192-ctr" => (EVP_aes_192_ctr, Mode::Ctr),
            "aes-192-ecb" => (EVP_aes_192_ecb, Mode::Ecb),
            "aes-192-gcm" | "id-aes192-gcm" => (EVP_aes_192_gcm, Mode::Gcm),
            "aes-192-ofb" => (EVP_aes_192_ofb, Mode::Ofb),
            "aes-256-cbc" | "aes256" => (EVP_aes_256_cbc, Mode::Cbc),
            "aes-256-cfb" => (EVP_aes_256_cfb128, Mode::Cfb),
            "aes-256-ctr" => (EVP_aes_256_ctr, Mode::Ctr),
            "aes-256-ecb" => (EVP_aes_256_ecb, Mode::Ecb),
            "aes-256-gcm" | "id-aes256-gcm" => (EVP_aes_256_gcm, Mode::Gcm),
            "aes-256-ofb" => (EVP_aes_256_ofb, Mode::Ofb),
            "aes-256-xts" => (EVP_aes_256_xts, Mode::Xts),
            "chacha20-poly1305" => (EVP_chacha20_poly1305, Mode::Stream),
            "des-ede" | "des-ede-ecb" => (EVP_des_ede, Mode::Ecb),
            "des-ede-cbc" => (EVP_des_ede_cbc, Mode::Cbc),
            "des-ede3" | "des-ede3-ecb" => (EVP_des_ede3_ecb, Mode::Ecb),
            "des-ede3-cbc" | "des3" => (EVP_des_ede3_cbc, Mode::Cbc),
            _ => return None,
        };
        // SAFETY: has no conditions; the result lives for ever.
        Some(Self { cipher: unsafe { cipher() }, mode })
    }

    pub(super) fn ptr(self) -> *const EVP_CIPHER {
        self.cipher
    }

    /// Bytes of key, of nonce and of a block, and its number in OpenSSL.
    pub(in crate::ops::node_crypto) fn sizes(self) -> [u32; 4] {
        // SAFETY: ciphers live for ever.
        let ([key, iv, block], number) = unsafe {
            let sizes = [EVP_CIPHER_key_length, EVP_CIPHER_iv_length, EVP_CIPHER_block_size];
            (sizes.map(|size| size(self.cipher)), EVP_CIPHER_nid(self.cipher))
        };
        // AWS-LC has a number of its own for this one.
        let number = if number == NID_chacha20_poly1305 { OPENSSL_CHACHA20_POLY1305 } else { number.unsigned_abs() };
        [key, iv, block, number]
    }
}

owned!(
    /// What AWS-LC keeps of a cipher at work; it overwrites the key when this is dropped.
    Context,
    EVP_CIPHER_CTX,
    EVP_CIPHER_CTX_free
);

/// A cipher at work.
pub(in crate::ops::node_crypto) struct Translation {
    context: Context,
    encrypt: bool,
}

impl Translation {
    /// The key must have the cipher's length, and the nonce too where it has no tag.
    pub(in crate::ops::node_crypto) fn new(cipher: Cipher, encrypt: bool, key: &[u8], iv: &[u8]) -> Option<Self> {
        let [key_length, iv_length, ..] = cipher.sizes();
        let fits = |bytes: &[u8], length: u32| u32::try_from(bytes.len()) == Ok(length);
        if !fits(key, key_length) || !(cipher.mode.has_tag() || fits(iv, iv_length)) {
            return None;
        }
        // SAFETY: has no conditions.
        let context = Context::of(unsafe { EVP_CIPHER_CTX_new() })?;
        let made = Self { context, encrypt };
        made.init(cipher.cipher, null(), null())?;
        if cipher.mode.has_tag() {
            made.control(EVP_CTRL_AEAD_SET_IVLEN, c_int::try_from(iv.len()).ok()?, null_mut())?;
        }
        made.init(null(), key.as_ptr(), if iv.is_empty() { null() } else { iv.as_ptr() })?;
        Some(made)
    }

    fn init(&self, cipher: *const EVP_CIPHER, key: *const u8, iv: *const u8) -> Option<()> {
        // SAFETY: the context lives; key and nonce are null or as long as the cipher and the length set before say.
        done(unsafe { EVP_CipherInit_ex(self.context.ptr(), cipher, null_mut(), key, iv, c_int::from(self.encrypt)) })
    }

    fn control(&self, command: c_int, number: c_int, bytes: *mut u8) -> Option<()> {
        // SAFETY: the context lives; `bytes` is null where the command has none, else holds `number` bytes.
        done(unsafe { EVP_CIPHER_CTX_ctrl(self.context.ptr(), command, number, bytes.cast()) })
    }

    pub(in crate::ops::node_crypto) fn set_padding(&mut self, on: bool) -> Option<()> {
        // SAFETY: the context lives.
        done(unsafe { EVP_CIPHER_CTX_set_padding(self.context.ptr(), c_int::from(on)) })
    }

    /// Takes data that is authenticated only.
    pub(in crate::ops::node_crypto) fn authenticate(&mut self, data: &[u8]) -> Option<()> {
        let length = c_int::try_from(data.len()).ok()?;
        let mut written = 0;
        // SAFETY: the context lives; the data is read only, and no output means that it is such data.
        done(unsafe { EVP_CipherUpdate(self.context.ptr(), null_mut(), &raw mut written, data.as_ptr(), length) })
    }

    pub(in crate::ops::node_crypto) fn update(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        if data.is_empty() {
            return Some(Vec::new());
        }
        let length = c_int::try_from(data.len()).ok()?;
        let mut out = vec![0; data.len().checked_add(BLOCK)?];
        let mut written: c_int = 0;
        // SAFETY: the context lives; there is room for the data and a block.
        done(unsafe {
            EVP_CipherUpdate(self.context.ptr(), out.as_mut_ptr(), &raw mut written, data.as_ptr(), length)
        })?;
        out.truncate(usize::try_from(written).ok()?);
        Some(out)
    }

    /// The last bytes; `None` where the padding or the tag is wrong.
    pub(in crate::ops::node_crypto) fn finish(&mut self) -> Option<Vec<u8>> {
        let mut out = vec![0; BLOCK];
        let mut written: c_int = 0;
        // SAFETY: the context lives; there is room for a block.
        done(unsafe { EVP_CipherFinal_ex(self.context.ptr(), out.as_mut_ptr(), &raw mut written) })?;
        out.truncate(usize::try_from(written).ok()?);
        Some(out)
    }

    /// The tag that what is decrypted must have.
    pub(in crate::ops::node_crypto) fn set_tag(&mut self, tag: &[u8]) -> Option<()> {
        let mut copy = tag.to_vec();
        self.control(EVP_CTRL_AEAD_SET_TAG, c_int::try_from(tag.len()).ok()?, copy.as_mut_ptr())
    }

    /// The first bytes of the tag of what was encrypted; at most 16.
    pub(in crate::ops::node_crypto) fn tag(&self, length: usize) -> Option<Vec<u8>> {
        let mut tag = vec![0; 16];
        self.control(EVP_CTRL_AEAD_GET_TAG, 16, tag.as_mut_ptr())?;
        tag.truncate(length);
        Some(tag)
    }
}
