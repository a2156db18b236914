//! Secrets of apps, encrypted in etcd so that the fleet's nodes alone can read them. A value of `env` is then
//! `{"encrypted": "nano1.KEY.DATA"}`: KEY is which of the fleet's keys it is for, DATA in hexadecimal digits the X25519
//! public key of this one value (RFC 7748), a random nonce, and the text by AES-256-GCM under a key that HKDF-SHA256
//! (RFC 5869) makes of what the two keys agree on. The app's name and the value's are authenticated with it, so a value
//! that is moved to another app or name does not open. Who has the fleet's public key can encrypt, and not decrypt.

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use serde_json::{Map, Value};

/// Most bytes of a secret's text, as in nano.json.
const MAX_TEXT: usize = 64 << 10;
/// Largest file of a key, in bytes.
const MAX_FILE: u64 = 4096;
const KEY: usize = 32;
const TAG: usize = 16;

const SEALED: &str = "nano1.";
const PUBLIC: &str = "nano-public-key-1:";
const PRIVATE: &str = "nano-secret-key-1:";
/// The member of an object that is a sealed value.
const MEMBER: &str = "encrypted";

/// What is wrong. No text of it has anything of a secret or a private key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("not a public key of a fleet: expected {PUBLIC} and 64 hexadecimal digits")]
    PublicKey,
    #[error("{} has no private key of a fleet: `nanoctl fleet secrets-key --new FILE` makes one", .0.display())]
    PrivateKey(PathBuf),
    #[error("{}: {source}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("it is no encrypted value: expected {{\"{MEMBER}\": \"{SEALED}…\"}}")]
    Malformed,
    #[error("it is encrypted for the key {0}, which this node does not have (`fleet.secret_keys`)")]
    NoKey(String),
    #[error("it cannot be decrypted: it was changed, or encrypted for another app or name")]
    Forged,
    #[error("a secret has 1 to {MAX_TEXT} bytes")]
    Size,
    #[error("the cryptography failed")]
    Failed,
}

impl From<Unspecified> for SecretError {
    fn from(_: Unspecified) -> Self {
        Self::Failed
    }
}

/// What encrypts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; KEY]);

impl PublicKey {
    pub(crate) fn parse(text: &str) -> Result<Self, SecretError> {
        let digits = text.trim().strip_prefix(PUBLIC).ok_or(SecretError::PublicKey)?;
        let bytes = unhex(digits).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(SecretError::PublicKey)
    }

    /// A short name of it, the same wherever it is.
    pub(crate) fn id(&self) -> String {
        hex(digest(&SHA256, &self.0).as_ref()).chars().take(16).collect()
    }

    /// An encrypted value for `env`.
    pub(crate) fn seal(&self, app: &str, name: &str, text: &str) -> Result<Value, SecretError> {
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err(SecretError::Size);
        }
        let own = PrivateKey::generate(&X25519)?;
        let public = own.compute_public_key()?;
        let key = derive(&own, &self.0, public.as_ref(), &self.0)?;
        let mut data = text.as_bytes().to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(about(app, name)), &mut data)?;
        let all = [public.as_ref(), nonce.as_ref(), &data].concat();
        let text = format!("{SEALED}{}.{}", self.id(), hex(&all));
        Ok(Value::Object(Map::from_iter([(MEMBER.to_owned(), text.into())])))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", hex(&self.0))
    }
}

/// What decrypts.
struct SecretKey {
    private: PrivateKey,
    public: PublicKey,
}

impl SecretKey {
    fn of(private: PrivateKey) -> Result<Self, SecretError> {
        let public = private.compute_public_key()?.as_ref().try_into().map_err(|_| SecretError::Failed)?;
        Ok(Self { private, public: PublicKey(public) })
    }

    fn read(path: &Path) -> Result<Self, SecretError> {
        use std::io::Read;
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
            .map_err(|source| SecretError::File { path: path.to_owned(), source })?;
        let seed = text.trim().strip_prefix(PRIVATE).and_then(unhex);
        let private = seed.and_then(|seed| PrivateKey::from_private_key(&X25519, &seed).ok());
        Self::of(private.ok_or_else(|| SecretError::PrivateKey(path.to_owned()))?)
    }
}

/// Makes a key pair: the private one into a file that must not be there yet.
pub(crate) fn generate(path: &Path) -> Result<PublicKey, SecretError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let key = SecretKey::of(PrivateKey::generate(&X25519)?)?;
    let seed: Curve25519SeedBin<'static> = key.private.as_be_bytes()?;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| {
        writeln!(file, "{PRIVATE}{}", hex(seed.as_ref()))?;
        file.sync_all()
    })
    .map_err(|source| SecretError::File { path: path.to_owned(), source })?;
    Ok(key.public)
}

/// The private keys of a node: the present one, and those before it.
pub(crate) struct SecretKeys(Vec<SecretKey>);

impl SecretKeys {
    /// Every key that can be read, and what is wrong with the others.
    pub(crate) fn read(files: &[PathBuf]) -> (Self, Vec<SecretError>) {
        let (mut keys, mut faults) = (Vec::new(), Vec::new());
        for file in files {
            match SecretKey::read(file) {
                Ok(key) => keys.push(key),
                Err(error) => faults.push(error),
            }
        }
        (Self(keys), faults)
    }

    fn open(&self, app: &str, name: &str, sealed: &str) -> Result<String, SecretError> {
        let (id, digits) = parts(sealed).ok_or(SecretError::Malformed)?;
        let bytes = unhex(digits).ok_or(SecretError::Malformed)?;
        let (public, rest) = bytes.split_at_checked(KEY).ok_or(SecretError::Malformed)?;
        let (nonce, data) = rest.split_at_checked(NONCE_LEN).ok_or(SecretError::Malformed)?;
        let key = self.0.iter().find(|key| key.public.id() == id);
        let key = key.ok_or_else(|| SecretError::NoKey(id.to_owned()))?;
        let shared = derive(&key.private, public, public, &key.public.0).map_err(|_| SecretError::Forged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let mut data = data.to_vec();
        let text = shared.open_in_place(nonce, Aad::from(about(app, name)), &mut data);
        let text = text.map_err(|_| SecretError::Forged)?.to_vec();
        String::from_utf8(text).map_err(|_| SecretError::Forged)
    }

    /// Decrypts what `env` of an app's row has; or which value cannot be, and why.
    pub(crate) fn open_all(&self, app: &str, row: &mut Value) -> Result<(), (String, SecretError)> {
        let env = row.get_mut("env").and_then(Value::as_object_mut);
        for (name, value) in env.into_iter().flatten() {
            if let Some(text) = sealed(value).map(|sealed| self.open(app, name, sealed)) {
                *value = text.map_err(|error| (name.chars().take(64).collect(), error))?.into();
            }
        }
        Ok(())
    }
}

/// What an encrypted value says; `None`: it is another value.
pub(crate) fn sealed(value: &Value) -> Option<&str> {
    let alone = value.as_object().filter(|members| members.len() == 1)?;
    alone.get(MEMBER)?.as_str()
}

/// Whether it can be one for somebody.
pub(crate) fn is_sealed(text: &str) -> bool {
    parts(text).is_some_and(|(id, digits)| id.len() == 16 && digits.len() > 2 * (KEY + NONCE_LEN + TAG))
}

fn parts(sealed: &str) -> Option<(&str, &str)> {
    let (id, digits) = sealed.strip_prefix(SEALED)?.split_once('.')?;
    let most = 2 * (KEY + NONCE_LEN + MAX_TEXT + TAG);
    (digits.len() <= most && is_hex(id) && is_hex(digits)).then_some((id, digits))
}

/// What belongs to an encrypted value beside its text.
fn about(app: &str, name: &str) -> Vec<u8> {
    // The length keeps `a` + `bc` from being `ab` + `c`.
    format!("nano1\n{}\n{app}\n{name}", app.len()).into_bytes()
}

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY
    }
}

/// The key of one value: from what is agreed on, and both public keys.
fn derive(own: &PrivateKey, peer: &[u8], value: &[u8], fleet: &[u8]) -> Result<RandomizedNonceKey, SecretError> {
    agree(own, UnparsedPublicKey::new(&X25519, peer), SecretError::Failed, |shared| {
        let mut key = [0; KEY];
        let info: [&[u8]; 3] = [b"nano1 secret", value, fleet];
        Salt::new(HKDF_SHA256, &[]).extract(shared).expand(&info, Length)?.fill(&mut key)?;
        Ok(RandomizedNonceKey::new(&AES_256_GCM, &key)?)
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !is_hex(text) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests;
