//! Keys as bytes: the forms of PKCS #1, PKCS #8 (encrypted, too), SPKI and SEC 1, in DER and in PEM.

#![expect(unsafe_code, reason = "C functions")]

use std::ffi::{CStr, CString, c_char, c_int, c_long};
use std::ptr::{null, null_mut};

use aws_lc_sys::{
    BIO, BIO_free, BIO_mem_contents, BIO_new, BIO_new_mem_buf, BIO_s_mem, CBS, CBS_init, EC_KEY_marshal_private_key,
    EC_KEY_parse_private_key, EVP_CIPHER_INFO, EVP_PKEY_get0_EC_KEY, EVP_marshal_private_key, EVP_marshal_public_key,
    EVP_parse_private_key, EVP_parse_public_key, PEM_do_header, PEM_get_EVP_CIPHER_INFO, PEM_read_bio,
    PEM_write_bio_ECPrivateKey, PEM_write_bio_RSAPrivateKey, PKCS8_marshal_encrypted_private_key,
    PKCS8_parse_encrypted_private_key, RSA_parse_private_key, RSA_parse_public_key, RSA_private_key_to_bytes,
    RSA_public_key_to_bytes, X509, X509_free, X509_get_pubkey, d2i_X509,
};
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::curve::EcKey;
use super::key::{Pkey, pass_ptr};
use super::{built, done, owned, take_bytes};

/// Iterations of the function that makes a key of a passphrase, for keys that are encrypted here.
const ITERATIONS: i32 = 2048;

/// Of an encryption that PKCS #5's second scheme makes of the cipher.
const BY_CIPHER: i32 = -1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::ops::node_crypto) enum Form {
    /// RSAPublicKey or RSAPrivateKey.
    Pkcs1,
    Pkcs8,
    EncryptedPkcs8,
    Spki,
    Sec1,
}

/// A block of a PEM text.
pub(in crate::ops::node_crypto) struct PemBlock {
    pub(in crate::ops::node_crypto) label: String,
    pub(in crate::ops::node_crypto) der: Zeroizing<Vec<u8>>,
    /// Whether it is encrypted as a whole, as keys of old are.
    encrypted: Option<CString>,
}

owned!(
    /// What is read or written.
    Input,
    BIO,
    BIO_free
);
owned!(Certificate, X509, X509_free);

/// The blocks of a text that [`first_block`] looks at.
const MOST_BLOCKS: usize = 32;

/// The first block of a PEM text that `wanted` takes the label of.
pub(in crate::ops::node_crypto) fn first_block(text: &[u8], wanted: impl Fn(&str) -> bool) -> Option<PemBlock> {
    let length = isize::try_from(text.len()).ok()?;
    // SAFETY: the text is read only, and lives longer than the input.
    let input = Input::of(unsafe { BIO_new_mem_buf(text.as_ptr().cast(), length) })?;
    for _ in 0..MOST_BLOCKS {
        let (mut name, mut header, mut data): (*mut c_char, *mut c_char, *mut u8) =
            (null_mut(), null_mut(), null_mut());
        let mut length: c_long = 0;
        // SAFETY: the input lives; all three are ours after it.
        done(unsafe { PEM_read_bio(input.ptr(), &raw mut name, &raw mut header, &raw mut data, &raw mut length) })?;
        let der = take_bytes(data, usize::try_from(length).ok()?);
        let (label, header) = (take_text(name), take_text(header));
        let label = label?.into_string().ok()?;
        if wanted(&label) {
            let encrypted = header.filter(|header| !header.is_empty());
            return Some(PemBlock { label, der: der?, encrypted });
        }
    }
    None
}

fn take_text(text: *mut c_char) -> Option<CString> {
    if text.is_null() {
        return None;
    }
    // SAFETY: it is a text that ends with a zero.
    let length = unsafe { CStr::from_ptr(text) }.count_bytes();
    CString::new(take_bytes(text.cast(), length)?.to_vec()).ok()
}

impl PemBlock {
    pub(in crate::ops::node_crypto) fn is_encrypted(&self) -> bool {
        self.encrypted.is_some()
    }

    /// Decrypts it (RFC 1421 §4.6.1).
    pub(in crate::ops::node_crypto) fn decrypt(&mut self, pass: &[u8]) -> Option<()> {
        let Some(header) = self.encrypted.take() else { return Some(()) };
        let pass = CString::new(pass).ok()?;
        let mut cipher = std::mem::MaybeUninit::<EVP_CIPHER_INFO>::zeroed();
        let mut length = c_long::try_from(self.der.len()).ok()?;
        // SAFETY: the header ends with a zero and is not changed, whatever its type says; the data shrinks in its place;
        // without a callback the last argument is the passphrase, which ends with a zero.
        done(unsafe { PEM_get_EVP_CIPHER_INFO(header.as_ptr().cast_mut(), cipher.as_mut_ptr()) })?;
        // SAFETY: as above.
        done(unsafe {
            PEM_do_header(
                cipher.as_mut_ptr(),
                self.der.as_mut_ptr(),
                &raw mut length,
                None,
                pass.as_ptr().cast_mut().cast(),
            )
        })?;
        self.der.truncate(usize::try_from(length).ok()?);
        Some(())
    }
}

/// Reads with a function that takes a cursor.
fn parse(der: &[u8], with: impl FnOnce(*mut CBS) -> Option<Pkey>) -> Option<Pkey> {
    let mut cursor = std::mem::MaybeUninit::<CBS>::zeroed();
    // SAFETY: this initialises the cursor; the bytes are read only and outlive it.
    unsafe { CBS_init(cursor.as_mut_ptr(), der.as_ptr(), der.len()) };
    with(cursor.as_mut_ptr())
}

impl Pkey {
    pub(in crate::ops::node_crypto) fn from_der(
        form: Form,
        private: bool,
        der: &[u8],
        pass: Option<&[u8]>,
    ) -> Option<Self> {
        match (form, private) {
            // SAFETY: in all of these, the cursor is that of bytes that live; the result is ours, or null.
            (Form::Pkcs1, false) => parse(der, |cursor| Self::rsa_of(unsafe { RSA_parse_public_key(cursor) })),
            // SAFETY: as above.
            (Form::Pkcs1, true) => parse(der, |cursor| Self::rsa_of(unsafe { RSA_parse_private_key(cursor) })),
            // SAFETY: as above.
            (Form::Spki, false) => parse(der, |cursor| Self::checked(unsafe { EVP_parse_public_key(cursor) })),
            // SAFETY: as above.
            (Form::Pkcs8, true) => parse(der, |cursor| Self::checked(unsafe { EVP_parse_private_key(cursor) })),
            (Form::EncryptedPkcs8, true) => {
                let (pass, length) = pass_ptr(Some(pass?));
                // SAFETY: as above; the passphrase is read only.
                parse(der, |cursor| Self::checked(unsafe { PKCS8_parse_encrypted_private_key(cursor, pass, length) }))
            }
            (Form::Sec1, true) => parse(der, |cursor| {
                // SAFETY: as above; without a curve, the key must name its own.
                Self::from_ec(&EcKey::from_ptr(unsafe { EC_KEY_parse_private_key(cursor, null()) })?)
            }),
            _ => None,
        }
    }

    /// `cipher`, `pass`: of an encrypted form.
    pub(in crate::ops::node_crypto) fn to_der(
        &self,
        form: Form,
        private: bool,
        encryption: Option<(Cipher, &[u8])>,
    ) -> Option<Zeroizing<Vec<u8>>> {
        match (form, private) {
            (Form::Pkcs1, _) => {
                let write = if private { RSA_private_key_to_bytes } else { RSA_public_key_to_bytes };
                let (mut bytes, mut length) = (null_mut(), 0);
                // SAFETY: the numbers live; the bytes are ours after it.
                done(unsafe { write(&raw mut bytes, &raw mut length, self.rsa()?) })?;
                take_bytes(bytes, length)
            }
            // SAFETY: in all of these, builder and key live.
            (Form::Spki, _) => built(|builder| unsafe { EVP_marshal_public_key(builder, self.as_ptr()) }),
            // SAFETY: as above.
            (Form::Pkcs8, true) => built(|builder| unsafe { EVP_marshal_private_key(builder, self.as_ptr()) }),
            (Form::EncryptedPkcs8, true) => {
                let (cipher, pass) = encryption?;
                let (pass, length) = pass_ptr(Some(pass));
                let (salt, salt_length) = (null(), 16);
                // SAFETY: as above; no salt means a random one of that length.
                built(|builder| unsafe {
                    PKCS8_marshal_encrypted_private_key(
                        builder,
                        BY_CIPHER,
                        cipher.ptr(),
                        pass,
                        length,
                        salt,
                        salt_length,
                        ITERATIONS,
                        self.as_ptr(),
                    )
                })
            }
            (Form::Sec1, true) => {
                self.curve()?;
                // SAFETY: as above; the key is one of a curve.
                built(|builder| unsafe { EC_KEY_marshal_private_key(builder, EVP_PKEY_get0_EC_KEY(self.as_ptr()), 0) })
            }
            _ => None,
        }
    }

    /// A PEM text of a private key that is encrypted as a whole, as keys of old are (RFC 1421 §4.6.1).
    pub(in crate::ops::node_crypto) fn to_encrypted_pem(
        &self,
        form: Form,
        cipher: Cipher,
        pass: &[u8],
    ) -> Option<Vec<u8>> {
        let (text, length) = (pass.as_ptr(), c_int::try_from(pass.len()).ok()?);
        // SAFETY: has no conditions.
        let output = Input::of(unsafe { BIO_new(BIO_s_mem()) })?;
        let (out, cipher, none) = (output.ptr(), cipher.ptr(), null_mut());
        done(match form {
            // SAFETY: the key lives, and is of the kind that its form is for; the passphrase is read only.
            Form::Pkcs1 => unsafe { PEM_write_bio_RSAPrivateKey(out, self.rsa()?, cipher, text, length, None, none) },
            // SAFETY: as above.
            Form::Sec1 if self.curve().is_some() => unsafe {
                PEM_write_bio_ECPrivateKey(out, EVP_PKEY_get0_EC_KEY(self.as_ptr()), cipher, text, length, None, none)
            },
            _ => 0,
        })?;
        let (mut contents, mut length) = (null(), 0);
        // SAFETY: the output lives, and its contents as long as it.
        done(unsafe { BIO_mem_contents(out, &raw mut contents, &raw mut length) })?;
        // SAFETY: as above.
        Some(unsafe { std::slice::from_raw_parts(contents, length) }.to_vec())
    }

    /// That of an X.509 certificate.
    pub(in crate::ops::node_crypto) fn from_certificate(der: &[u8]) -> Option<Self> {
        let mut place = der.as_ptr();
        // SAFETY: the bytes are read only, as many as there are; the result is ours, or null.
        let certificate =
            Certificate::of(unsafe { d2i_X509(null_mut(), &raw mut place, c_long::try_from(der.len()).ok()?) })?;
        // SAFETY: the certificate lives; the key is ours, or null.
        Self::checked(unsafe { X509_get_pubkey(certificate.ptr()) })
    }

    /// The public half alone.
    pub(in crate::ops::node_crypto) fn public(&self) -> Option<Self> {
        Self::from_der(Form::Spki, false, &self.to_der(Form::Spki, false, None)?, None)
    }
}
