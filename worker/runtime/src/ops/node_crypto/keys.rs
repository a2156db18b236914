//! KeyObjects of two halves: what is read, written and asked of them. Secret keys are bytes of JavaScript's.

use std::rc::Rc;

use zeroize::Zeroizing;

use super::encrypted_info::{is_bearable, is_encrypted};
use super::evp::cipher::Cipher;
use super::evp::key::{Kind, Pkey};
use super::evp::key_forms::{Form, PemBlock, first_block};
use super::{answer, held, input, new_buffer, text};
use crate::ops::ops;

ops! {
    "nodeKeyEquals" => equals,
    "nodeKeyExport" => export,
    "nodeKeyExportEncrypted" => export_encrypted,
    "nodeKeyInfo" => info,
    "nodeKeyNumbers" => numbers,
    "nodeKeyParse" => parse,
    "nodeKeyPublic" => public,
}

/// A key, and which half of it its object is.
pub(super) struct Held {
    pub(super) pkey: Pkey,
    pub(super) private: bool,
}

/// The key of a number.
pub(super) fn key(scope: &mut v8::PinScope, id: v8::Local<v8::Value>) -> Option<Rc<Held>> {
    held::with(scope, id, |_, key: &mut Rc<Held>| Some(Rc::clone(key)))
}

pub(super) fn keep(scope: &mut v8::PinScope, owner: v8::Local<v8::Value>, pkey: Pkey, private: bool) -> Option<u32> {
    let taken = pkey.memory();
    held::keep(scope, owner, Rc::new(Held { pkey, private }), taken)
}

pub(super) fn close_all(isolate: &mut v8::Isolate) {
    held::close_all::<Rc<Held>>(isolate);
}

fn form(name: &str) -> Option<Form> {
    match name {
        "pkcs1" => Some(Form::Pkcs1),
        "pkcs8" => Some(Form::Pkcs8),
        "spki" => Some(Form::Spki),
        "sec1" => Some(Form::Sec1),
        _ => None,
    }
}

/// Why a key was not read, as a word for JavaScript.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    NeedsPassphrase,
    WrongPassphrase,
    Unsupported,
}

impl Unread {
    fn word(&self) -> &'static str {
        match self {
            Self::NeedsPassphrase => "passphrase",
            Self::WrongPassphrase => "decrypt",
            Self::Unsupported => "unsupported",
        }
    }
}

fn parse_private(form: Form, der: &[u8], pass: Option<&[u8]>) -> Result<Pkey, Unread> {
    if let Some(key) = Pkey::from_der(form, true, der, None) {
        return Ok(key);
    }
    if !matches!(form, Form::Pkcs8 | Form::EncryptedPkcs8) || !is_encrypted(der) {
        return Err(Unread::Unsupported);
    }
    let pass = pass.ok_or(Unread::NeedsPassphrase)?;
    if !is_bearable(der) {
        return Err(Unread::Unsupported);
    }
    Pkey::from_der(Form::EncryptedPkcs8, true, der, Some(pass)).ok_or(Unread::WrongPassphrase)
}

fn private_form(label: &str) -> Option<Form> {
    match label {
        "PRIVATE KEY" => Some(Form::Pkcs8),
        "ENCRYPTED PRIVATE KEY" => Some(Form::EncryptedPkcs8),
        "RSA PRIVATE KEY" => Some(Form::Pkcs1),
        "EC PRIVATE KEY" => Some(Form::Sec1),
        _ => None,
    }
}

fn parse_private_block(mut block: PemBlock, pass: Option<&[u8]>) -> Result<Pkey, Unread> {
    let form = private_form(&block.label).ok_or(Unread::Unsupported)?;
    if block.is_encrypted() {
        block.decrypt(pass.ok_or(Unread::NeedsPassphrase)?).ok_or(Unread::WrongPassphrase)?;
    }
    parse_private(form, &block.der, pass)
}

/// A public key, or the public half of a private one.
fn parse_public_pem(text: &[u8], pass: Option<&[u8]>) -> Result<Pkey, Unread> {
    let is_public = |label: &str| matches!(label, "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE");
    let block = first_block(text, |label| is_public(label) || private_form(label).is_some());
    let block = block.ok_or(Unread::Unsupported)?;
    match block.label.as_str() {
        "PUBLIC KEY" => Pkey::from_der(Form::Spki, false, &block.der, None).ok_or(Unread::Unsupported),
        "RSA PUBLIC KEY" => Pkey::from_der(Form::Pkcs1, false, &block.der, None).ok_or(Unread::Unsupported),
        "CERTIFICATE" => Pkey::from_certificate(&block.der).ok_or(Unread::Unsupported),
        _ => parse_private_block(block, pass)?.public().ok_or(Unread::Unsupported),
    }
}

/// Reads a key. In DER a public key may be asked of the form of a private one, too.
fn read_key(private: bool, der_form: Option<Form>, data: &[u8], pass: Option<&[u8]>) -> Result<Pkey, Unread> {
    match (der_form, private) {
        (None, true) => {
            let block = first_block(data, |label| private_form(label).is_some()).ok_or(Unread::Unsupported)?;
            parse_private_block(block, pass)
        }
        (None, false) => parse_public_pem(data, pass),
        (Some(form), true) => parse_private(form, data, pass),
        (Some(form @ (Form::Spki | Form::Pkcs1)), false) => {
            if let Some(key) = Pkey::from_der(form, false, data, None) {
                return Ok(key);
            }
            parse_private(form, data, pass)?.public().ok_or(Unread::Unsupported)
        }
        (Some(form), false) => parse_private(form, data, pass)?.public().ok_or(Unread::Unsupported),
    }
}

/// `nodeKeyParse(owner, private, form, data, passphrase | undefined) → id | word`. `form`: "pem", or that of DER. The word
/// says why it is none: "passphrase", "decrypt" or "unsupported".
fn parse(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let private = args.get(1).is_true();
    let der_form = form(&text(scope, args.get(2)));
    let Some(data) = input(scope, args.get(3), 2).map(Zeroizing::new) else { return };
    let pass = if args.get(4).is_undefined() { None } else { input(scope, args.get(4), 1).map(Zeroizing::new) };
    match read_key(private, der_form, &data, pass.as_deref().map(Vec::as_slice)) {
        Ok(key) => {
            if let Some(id) = keep(scope, args.get(0), key, private) {
                rv.set_uint32(id);
            }
        }
        Err(unread) => {
            if let Some(word) = v8::String::new(scope, unread.word()) {
                rv.set(word.into());
            }
        }
    }
}

/// `nodeKeyPublic(owner, id) → id`: the public half of a private key.
fn public(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = key(scope, args.get(1)) else { return };
    if let Some(id) = key.pkey.public().and_then(|public| keep(scope, args.get(0), public, false)) {
        rv.set_uint32(id);
    }
}

/// `nodeKeyEquals(a, b) → boolean`: of keys of the same half.
fn equals(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (Some(one), Some(other)) = (key(scope, args.get(0)), key(scope, args.get(1))) else { return };
    rv.set_bool(one.pkey.is_same(&other.pkey));
}

/// `nodeKeyInfo(id) → [kind, bits, publicExponent | curve | undefined]`.
fn info(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = key(scope, args.get(0)) else { return };
    let Some(kind) = key.pkey.kind() else { return };
    let Some(name) = v8::String::new(scope, kind.name()) else { return };
    let bits = v8::Integer::new_from_unsigned(scope, key.pkey.bits());
    let more: Option<v8::Local<v8::Value>> = match kind {
        Kind::Rsa | Kind::RsaPss => {
            let numbers = key.pkey.numbers(false).unwrap_or_default();
            numbers.get(1).and_then(|exponent| new_buffer(scope, exponent)).map(Into::into)
        }
        Kind::Ec => key.pkey.curve().and_then(|curve| v8::String::new(scope, curve.name())).map(Into::into),
        Kind::Ed25519 | Kind::X25519 => None,
    };
    let more = more.unwrap_or_else(|| v8::undefined(scope).into());
    rv.set(v8::Array::new_with_elements(scope, &[name.into(), bits.into(), more]).into());
}

/// `nodeKeyExport(id, form, cipher | undefined, passphrase | undefined) → ArrayBuffer | undefined`: encrypted with the cipher
/// where there is one.
fn export(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = key(scope, args.get(0)) else { return };
    let Some(form) = form(&text(scope, args.get(1))) else { return };
    let document = if args.get(2).is_undefined() {
        key.pkey.to_der(form, key.private, None)
    } else {
        let Some(cipher) = Cipher::by_name(&text(scope, args.get(2))) else { return };
        let Some(pass) = input(scope, args.get(3), 1).map(Zeroizing::new) else { return };
        key.pkey.to_der(Form::EncryptedPkcs8, key.private, Some((cipher, &pass)))
    };
    if let Some(document) = document {
        answer(scope, &document, &mut rv);
    }
}

/// `nodeKeyExportEncrypted(id, form, cipher, passphrase) → ArrayBuffer | undefined`: a PEM text of "pkcs1" or "sec1".
fn export_encrypted(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = key(scope, args.get(0)).filter(|key| key.private) else { return };
    let Some(form) = form(&text(scope, args.get(1))) else { return };
    let Some(cipher) = Cipher::by_name(&text(scope, args.get(2))) else { return };
    let Some(pass) = input(scope, args.get(3), 1).map(Zeroizing::new) else { return };
    if let Some(document) = key.pkey.to_encrypted_pem(form, cipher, &pass) {
        answer(scope, &document, &mut rv);
    }
}

/// `nodeKeyNumbers(id) → [ArrayBuffer] | undefined`: n and e, and d, p, q, dp, dq, qi; x and y, and d; or x, and d.
fn numbers(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = key(scope, args.get(0)) else { return };
    let Some(numbers) = key.pkey.numbers(key.private) else { return };
    let numbers: Option<Vec<_>> = numbers.iter().map(|number| new_buffer(scope, number).map(Into::into)).collect();
    if let Some(numbers) = numbers {
        rv.set(v8::Array::new_with_elements(scope, &numbers).into());
    }
}
