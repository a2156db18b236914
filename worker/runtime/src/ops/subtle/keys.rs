//! The keys of an isolate. JavaScript refers to them by number; a key's bytes are in JavaScript's heap only where an
//! app exports them. A key is dropped, and its bytes are overwritten, when its owner, a JavaScript object, is collected.

use std::rc::Rc;

use zeroize::Zeroizing;

use super::super::native_memory::{has_room, return_memory, take_memory};
use super::super::numbered::Numbered;
use super::super::ops;
use super::ec::EcKey;
use super::octet_keys::OctetKey;
use super::rsa::RsaKey;
use super::{answer, input, size, throw_out_of_memory};

ops! {
    "generateSecret" => generate_secret,
    "importSecret" => import_secret,
    "secretBytes" => secret_bytes,
}

/// What a key is made of.
pub(super) enum Material {
    /// Of AES, HMAC, HKDF, PBKDF2.
    Secret(Zeroizing<Vec<u8>>),
    Rsa(RsaKey),
    Ec(EcKey),
    Octet(OctetKey),
}

impl Material {
    /// Bytes of memory, roughly: what is asked is that many keys are not free of charge.
    fn memory(&self) -> usize {
        match self {
            Self::Secret(bytes) => 256 + bytes.len(),
            Self::Rsa(key) => key.memory(),
            Self::Ec(_) => 4096,
            Self::Octet(_) => 512,
        }
    }
}

/// One isolate's keys. Lives in an isolate slot.
#[derive(Default)]
struct Keys(Numbered<Held>);

/// A key, and what becomes of it when its owner is collected.
struct Held {
    material: Rc<Material>,
    /// Bytes of memory that were taken for it.
    taken: usize,
    _owner: v8::Weak<v8::Object>,
}

impl Keys {
    /// The isolate's keys; made when first needed.
    fn of(isolate: &mut v8::Isolate) -> Option<&mut Self> {
        if isolate.get_slot::<Self>().is_none() {
            isolate.set_slot(Self::default());
        }
        isolate.get_slot_mut()
    }
}

fn drop_key(isolate: &mut v8::Isolate, id: usize) {
    let Some(keys) = isolate.get_slot_mut::<Keys>() else { return };
    let Some(held) = keys.0.take(id) else { return };
    return_memory(isolate, held.taken);
}

/// Drops all keys. To be called before the isolate is disposed of, as that of the coders (`compression.rs`).
pub(crate) fn close_all(isolate: &mut v8::Isolate) {
    drop(isolate.remove_slot::<Keys>());
}

/// Keeps a key for `owner`; its number. `None` and a RangeError where the app's memory is used up.
pub(super) fn keep(scope: &mut v8::PinScope, owner: v8::Local<v8::Value>, material: Material) -> Option<u32> {
    let owner = v8::Local::<v8::Object>::try_from(owner).ok()?;
    let taken = material.memory();
    if !take_memory(scope, taken) {
        throw_out_of_memory(scope);
        return None;
    }
    let place = Keys::of(scope)?.0.reserve();
    let owner = v8::Weak::with_finalizer(scope, owner, Box::new(move |isolate| drop_key(isolate, place)));
    let held = Held { material: Rc::new(material), taken, _owner: owner };
    Keys::of(scope)?.0.put(place, held);
    u32::try_from(place).ok()
}

/// The key of a number.
pub(super) fn material(scope: &v8::PinScope, id: v8::Local<v8::Value>) -> Option<Rc<Material>> {
    let place = size(scope, id)?;
    let isolate: &v8::Isolate = scope;
    let held = isolate.get_slot::<Keys>()?.0.get(place)?;
    Some(Rc::clone(&held.material))
}

/// Keeps a key and answers with its number.
pub(super) fn answer_kept(
    scope: &mut v8::PinScope,
    owner: v8::Local<v8::Value>,
    material: Material,
    rv: &mut v8::ReturnValue,
) {
    if let Some(id) = keep(scope, owner, material) {
        rv.set_uint32(id);
    }
}

/// `importSecret(owner, bytes, length) → id`: the first `length` bits.
fn import_secret(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(mut secret) = input(scope, args.get(1), 1).map(Zeroizing::new) else { return };
    let Some(length) = size(scope, args.get(2)) else { return };
    secret.truncate(length.div_ceil(8));
    clear_unused_bits(&mut secret, length);
    answer_kept(scope, args.get(0), Material::Secret(secret), &mut rv);
}

/// The bits that the last byte of `length` bits has beyond them become 0.
fn clear_unused_bits(secret: &mut [u8], length: usize) {
    if let Some(last) = secret.last_mut() {
        *last &= 0xff << ((8 - length % 8) % 8);
    }
}

/// `generateSecret(owner, length) → id`: a key of `length` random bits.
fn generate_secret(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(length) = size(scope, args.get(1)) else { return };
    let bytes = length.div_ceil(8);
    if !has_room(scope, bytes) {
        return throw_out_of_memory(scope);
    }
    let mut secret = Zeroizing::new(vec![0; bytes]);
    if getrandom::fill(&mut secret).is_err() {
        return;
    }
    clear_unused_bits(&mut secret, length);
    answer_kept(scope, args.get(0), Material::Secret(secret), &mut rv);
}

/// `secretBytes(id) → ArrayBuffer`: the bytes of a secret key.
fn secret_bytes(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Some(key) = material(scope, args.get(0)) else { return };
    if let Material::Secret(bytes) = &*key {
        answer(scope, bytes, &mut rv);
    }
}

/// Keeps a pair and answers with the numbers, `[privateId, publicId]`. The first two arguments are the owners.
pub(super) fn answer_pair(
    scope: &mut v8::PinScope,
    args: &v8::FunctionCallbackArguments,
    private: Material,
    public: Material,
    rv: &mut v8::ReturnValue,
) {
    let Some(private) = keep(scope, args.get(0), private) else { return };
    let Some(public) = keep(scope, args.get(1), public) else { return };
    let ids = [private, public].map(|id| v8::Integer::new_from_unsigned(scope, id).into());
    rv.set(v8::Array::new_with_elements(scope, &ids).into());
}
