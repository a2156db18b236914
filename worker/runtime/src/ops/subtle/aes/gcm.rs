//! AES-GCM (NIST SP 800-38D) with nonces and tags of any length that the standard allows. The safe interface of AWS-LC
//! has nonces of 12 bytes and tags of 16 only, so this calls its C functions.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::c_int;
use std::ptr;

use aws_lc_sys::{
    EVP_CIPHER, EVP_CIPHER_CTX, EVP_CIPHER_CTX_ctrl, EVP_CIPHER_CTX_free, EVP_CIPHER_CTX_new, EVP_CTRL_AEAD_GET_TAG,
    EVP_CTRL_AEAD_SET_IVLEN, EVP_CTRL_AEAD_SET_TAG, EVP_CipherFinal_ex, EVP_CipherInit_ex, EVP_CipherUpdate,
    EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm,
};

/// Most bytes in one call: the functions take an `int`.
const PIECE: usize = 1 << 30;

/// A cipher context of AWS-LC.
struct Context(ptr::NonNull<EVP_CIPHER_CTX>);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context is ours and is freed once; this overwrites the key, too.
        unsafe { EVP_CIPHER_CTX_free(self.0.as_ptr()) }
    }
}

impl Context {
    fn new(secret: &[u8], iv: &[u8], encrypt: bool) -> Option<Self> {
        let cipher = cipher(secret.len())?;
        // SAFETY: has no conditions.
        let context = Self(ptr::NonNull::new(unsafe { EVP_CIPHER_CTX_new() })?);
        // The cipher first: the nonce's length must be known before the nonce.
        context.init(cipher, ptr::null(), ptr::null(), encrypt)?;
        context.control(EVP_CTRL_AEAD_SET_IVLEN, c_int::try_from(iv.len()).ok()?, ptr::null_mut())?;
        context.init(ptr::null(), secret.as_ptr(), iv.as_ptr(), encrypt)?;
        Some(context)
    }

    fn init(&self, cipher: *const EVP_CIPHER, key: *const u8, iv: *const u8, encrypt: bool) -> Option<()> {
        // SAFETY: the context lives; key and nonce are null or as long as the cipher and the length set before say.
        let done =
            unsafe { EVP_CipherInit_ex(self.0.as_ptr(), cipher, ptr::null_mut(), key, iv, c_int::from(encrypt)) };
        (done == 1).then_some(())
    }

    fn control(&self, command: c_int, number: c_int, bytes: *mut u8) -> Option<()> {
        // SAFETY: the context lives; `bytes` is null where the command has none, else holds `number` bytes.
        let done = unsafe { EVP_CIPHER_CTX_ctrl(self.0.as_ptr(), command, number, bytes.cast()) };
        (done == 1).then_some(())
    }

    /// Takes data that is authenticated only.
    fn authenticate(&self, data: &[u8]) -> Option<()> {
        data.chunks(PIECE).try_for_each(|piece| self.update(piece.as_ptr(), piece.len(), ptr::null_mut()))
    }

    /// Puts the other text in the place of this: GCM has as many bytes of the one as of the other.
    fn translate(&self, data: &mut [u8]) -> Option<()> {
        data.chunks_mut(PIECE).try_for_each(|piece| {
            let place = piece.as_mut_ptr();
            self.update(place.cast_const(), piece.len(), place)
        })
    }

    fn update(&self, input: *const u8, length: usize, output: *mut u8) -> Option<()> {
        let length = c_int::try_from(length).ok()?;
        let mut written = 0;
        // SAFETY: the context lives; there are `length` bytes of input; `output` is null or the same place.
        let done = unsafe { EVP_CipherUpdate(self.0.as_ptr(), output, &raw mut written, input, length) };
        (done == 1).then_some(())
    }

    /// Ends the text; fails where the tag that was set is another.
    fn finish(&self) -> Option<()> {
        let mut rest = [0; 16];
        let mut written = 0;
        // SAFETY: the context lives; there is room for a block.
        let done = unsafe { EVP_CipherFinal_ex(self.0.as_ptr(), rest.as_mut_ptr(), &raw mut written) };
        (done == 1).then_some(())
    }
}

fn cipher(key_length: usize) -> Option<*const EVP_CIPHER> {
    match key_length {
        // SAFETY: has no conditions; the result lives for ever.
        16 => Some(unsafe { EVP_aes_128_gcm() }),
        // SAFETY: as above.
        24 => Some(unsafe { EVP_aes_192_gcm() }),
        // SAFETY: as above.
        32 => Some(unsafe { EVP_aes_256_gcm() }),
        _ => None,
    }
}

/// The encrypted text with a tag of `tag` bytes, at most 16, behind it.
pub(super) fn seal(secret: &[u8], iv: &[u8], additional: &[u8], tag: usize, mut data: Vec<u8>) -> Option<Vec<u8>> {
    let context = Context::new(secret, iv, true)?;
    context.authenticate(additional)?;
    context.translate(&mut data)?;
    context.finish()?;
    let mut bytes = [0; 16];
    let bytes = bytes.get_mut(..tag)?;
    context.control(EVP_CTRL_AEAD_GET_TAG, c_int::try_from(tag).ok()?, bytes.as_mut_ptr())?;
    data.reserve_exact(tag);
    data.extend_from_slice(bytes);
    Some(data)
}

/// The text in what [`seal`] made; `None` where anything of it was changed.
pub(super) fn open(secret: &[u8], iv: &[u8], additional: &[u8], tag: usize, mut data: Vec<u8>) -> Option<Vec<u8>> {
    let mut bytes = data.split_off(data.len().checked_sub(tag)?);
    let context = Context::new(secret, iv, false)?;
    context.authenticate(additional)?;
    context.translate(&mut data)?;
    context.control(EVP_CTRL_AEAD_SET_TAG, c_int::try_from(tag).ok()?, bytes.as_mut_ptr())?;
    context.finish()?;
    Some(data)
}
