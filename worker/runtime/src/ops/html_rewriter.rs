//! Natives of html_rewriter/: HTMLRewriter, by lol_html.
//!
//! A rewriter belongs to a JavaScript object, its owner, and is known to it by a number. JavaScript drives it: it writes a
//! piece of the document, and is told what to do until that is read: call a handler, write a content, take the output. What
//! lol_html and the handlers' contents hold is counted as it is allocated, and taken from `memory_mb`.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use lol_html::{
    AsciiCompatibleEncoding, DocumentContentHandlers, ElementContentHandlers, MemorySettings, Selector, Settings,
};

use super::bytes::{contents, to_uint8_array};
use super::native_memory::{return_memory, take_memory};
use super::numbered::Numbered;
use super::{ops, throw_range_error, throw_type_error};
use crate::engine::allocated::allocated;
use rewriting::{Rewriting, Stacks, Step, Token, handlers};
use selectors::SelectorFault;

mod rewriting;
mod selectors;
pub(super) mod tokens;

ops! {
    "rewriterClose" => close_rewriter,
    "rewriterEnd" => end,
    "rewriterOpen" => open,
    "rewriterOutput" => output,
    "rewriterReleased" => released,
    "rewriterResume" => resume,
    "rewriterSelector" => selector,
    "rewriterWrite" => write,
}

/// What lol_html may hold of one document: its open elements, and what it has not read to an end, as a tag that is long. As in
/// workerd.
const MAX_MEMORY: usize = 3 << 20;
/// Where that begins.
const PREALLOCATED: usize = 1024;

/// The bytes of a document that are read between two looks at whether the app has used up its time: the fewest, those to
/// begin with, and the most.
const PIECES: (usize, usize, usize) = (256, 16 << 10, 64 << 10);
/// A piece that takes longer is followed by a smaller one; by a larger one, if it takes less than a quarter.
const LONG: Duration = Duration::from_millis(10);

/// How much more than what is held may be taken, so that not each call is a change.
const SLACK: usize = 16 << 10;

/// One isolate's rewriters. Lives in an isolate slot.
#[derive(Default)]
struct Rewriters {
    open: Numbered<Owned>,
    stacks: Stacks,
}

struct Owned {
    rewriting: Rewriting,
    /// Bytes that are allocated for it. (Less than nothing where an output was allocated before it is counted.)
    held: isize,
    /// Bytes of memory that were taken for it.
    taken: usize,
    /// Bytes of the document that the next write takes, and those that the present one took.
    piece: usize,
    consumed: usize,
    /// How long the present write has taken here.
    spent: Duration,
    _owner: v8::Weak<v8::Object>,
}

impl Owned {
    /// Does something of which all that is allocated is the rewriter's.
    fn counted<T>(&mut self, action: impl FnOnce(&mut Rewriting) -> T) -> T {
        let before = allocated();
        let done = action(&mut self.rewriting);
        self.held += allocated().wrapping_sub(before).cast_signed();
        done
    }
}

impl Rewriters {
    fn of(isolate: &mut v8::Isolate) -> Option<&mut Self> {
        if isolate.get_slot::<Self>().is_none() {
            isolate.set_slot(Self::default());
        }
        isolate.get_slot_mut()
    }
}

/// Drops all. To be called before the isolate is disposed of.
pub(super) fn close_all(isolate: &mut v8::Isolate) {
    drop(isolate.remove_slot::<Rewriters>());
}

fn close(isolate: &mut v8::Isolate, id: usize) {
    let owned = isolate.get_slot_mut::<Rewriters>().and_then(|rewriters| rewriters.open.take(id));
    if let Some(owned) = owned {
        return_memory(isolate, owned.taken);
    }
}

fn number(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> usize {
    value.uint32_value(scope).and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX)
}

/// Does something with a rewriter that is there, then has its memory counted. `None` where it is not there, or where the
/// app's memory is used up, and a `RangeError` is thrown; nothing more is done with it until there is some.
fn with<T>(scope: &mut v8::PinScope, id: usize, action: impl FnOnce(&mut Owned) -> T) -> Option<T> {
    if !settle(scope, id)? {
        return None;
    }
    let done = action(Rewriters::of(scope)?.open.get_mut(id)?);
    settle(scope, id)?.then_some(done)
}

/// Takes memory for what a rewriter holds, or gives some back. False, and a `RangeError` is thrown, where there is too little.
fn settle(scope: &mut v8::PinScope, id: usize) -> Option<bool> {
    let owned = Rewriters::of(scope)?.open.get_mut(id)?;
    let stack = if owned.rewriting.waits() { Stacks::SIZE } else { 0 };
    let held = usize::try_from(owned.held).unwrap_or(0) + stack;
    let taken = owned.taken;
    if held > taken {
        let wanted = held + SLACK;
        if !take_memory(scope, wanted - taken) {
            throw_range_error(scope, "There is not enough memory to go on with the HTMLRewriter (memory_mb)");
            return Some(false);
        }
        Rewriters::of(scope)?.open.get_mut(id)?.taken = wanted;
    } else if taken - held > SLACK * 4 + Stacks::SIZE {
        owned.taken = held + SLACK;
        return_memory(scope, taken - held - SLACK);
    }
    Some(true)
}

/// `rewriterSelector(text) → number`: of how many parts a selector is. Throws where it is none, or too large.
fn selector(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    match selectors::parse(&args.get(0).to_rust_string_lossy(scope)) {
        Ok((_, parts)) => rv.set_uint32(u32::try_from(parts).unwrap_or(u32::MAX)),
        Err(fault @ SelectorFault::Invalid(_)) => throw_type_error(scope, &fault.to_string()),
        Err(fault) => throw_range_error(scope, &fault.to_string()),
    }
}

/// What an `on` or `onDocument` asked for.
struct Registration {
    /// `None`: the document's.
    selector: Option<Selector>,
    /// Bits: 1 elements or the doctype, 2 comments, 4 text, 8 the end.
    kinds: u32,
}

fn registrations(scope: &mut v8::PinScope, list: v8::Local<v8::Value>) -> Option<Vec<Registration>> {
    let list = v8::Local::<v8::Array>::try_from(list).ok()?;
    let mut all = Vec::new();
    for at in (0..list.length()).step_by(2) {
        let text = list.get_index(scope, at)?;
        let selector = match text.is_string() {
            true => Some(selectors::parse(&text.to_rust_string_lossy(scope)).ok()?.0),
            false => None,
        };
        let kinds = list.get_index(scope, at + 1)?.uint32_value(scope)?;
        all.push(Registration { selector, kinds });
    }
    Some(all)
}

/// The number of an isolate's handlers: four for each registration, in the order of the bits.
fn settings(
    gate: &std::sync::Arc<rewriting::Gate>,
    encoding: AsciiCompatibleEncoding,
    registrations: Vec<Registration>,
) -> Settings<'static, 'static> {
    let memory = MemorySettings::default()
        .with_preallocated_parsing_buffer_size(PREALLOCATED)
        .with_max_allowed_memory_usage(MAX_MEMORY);
    let mut settings = Settings::new().with_encoding(encoding).with_strict(true).with_memory_settings(memory);
    for (first, Registration { selector, kinds }) in (0..).step_by(4).zip(registrations) {
        if let Some(selector) = selector {
            let mut element = ElementContentHandlers::default();
            if kinds & 1 != 0 {
                element = element.element(handlers::element(gate, first));
            }
            if kinds & 2 != 0 {
                element = element.comments(handlers::comment(gate, first + 1));
            }
            if kinds & 4 != 0 {
                element = element.text(handlers::text(gate, first + 2));
            }
            settings = settings.append_element_content_handler((Cow::Owned(selector), element));
        } else {
            let mut document = DocumentContentHandlers::default();
            if kinds & 1 != 0 {
                document = document.doctype(handlers::doctype(gate, first));
            }
            if kinds & 2 != 0 {
                document = document.comments(handlers::comment(gate, first + 1));
            }
            if kinds & 4 != 0 {
                document = document.text(handlers::text(gate, first + 2));
            }
            if kinds & 8 != 0 {
                document = document.end(handlers::end(gate, first + 3));
            }
            settings = settings.append_document_content_handler(document);
        }
    }
    settings
}

/// `rewriterOpen(owner, encoding, registrations) → id`: a rewriter for a document in an encoding, by a label of it. `registrations`:
/// of each `on` its selector, null for `onDocument`, and what it asks for, in bits. Throws.
fn open(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(owner) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let label = args.get(1).to_rust_string_lossy(scope);
    let Some(encoding) = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()) else {
        return throw_type_error(scope, "Parser error: Unknown character encoding has been provided.");
    };
    let Some(encoding) = AsciiCompatibleEncoding::new(encoding) else {
        return throw_type_error(scope, "Parser error: Expected ASCII-compatible encoding.");
    };
    let before = allocated();
    let Some(registrations) = registrations(scope, args.get(2)) else {
        return throw_type_error(scope, "A selector of the HTMLRewriter cannot be read");
    };
    let Some(stacks) = Rewriters::of(scope).map(|rewriters| rewriters.stacks.clone()) else { return };
    let rewriting = Rewriting::new(stacks, |gate| settings(gate, encoding, registrations));
    let held = allocated().wrapping_sub(before).cast_signed();
    let Some(id) = Rewriters::of(scope).map(|rewriters| rewriters.open.reserve()) else { return };
    let owner = v8::Weak::with_finalizer(scope, owner, Box::new(move |isolate| close(isolate, id)));
    let (piece, consumed, spent) = (PIECES.1, 0, Duration::ZERO);
    let owned = Owned { rewriting, held, taken: 0, piece, consumed, spent, _owner: owner };
    if let Some(rewriters) = Rewriters::of(scope) {
        rewriters.open.put(id, owned);
    }
    if with(scope, id, |_| ()).is_some() {
        rv.set_uint32(u32::try_from(id).unwrap_or(u32::MAX));
    } else {
        close(scope, id);
    }
}

/// What a step's result is: the low four bits say what is to be done, the others of which number. html_rewriter/rewriting.js
/// has the same numbers.
fn code(step: &Step, consumed: usize) -> (u32, u32) {
    match step {
        Step::Done | Step::Failed(_) => (0, u32::try_from(consumed).unwrap_or(u32::MAX)),
        Step::Handler(number, token) => {
            let kind = match token {
                Token::Element(_) => 1,
                Token::EndTag(_) => 2,
                Token::Comment(_) => 3,
                Token::Text(_) => 4,
                Token::Doctype(_) => 5,
                Token::End(_) => 6,
            };
            (kind, *number)
        }
        Step::Content(number) => (7, *number),
        Step::Drain => (8, 0),
    }
}

/// Takes a step, and returns what it led to.
fn step(
    scope: &mut v8::PinScope,
    id: usize,
    rv: &mut v8::ReturnValue,
    action: impl FnOnce(&mut Rewriting) -> Step,
    begins: Option<usize>,
) {
    let stepped = with(scope, id, |owned| {
        if let Some(consumed) = begins {
            owned.consumed = consumed;
            owned.spent = Duration::ZERO;
        }
        let began = Instant::now();
        let step = owned.counted(action);
        owned.spent += began.elapsed();
        if matches!(step, Step::Done) {
            let (least, _, most) = PIECES;
            if owned.spent > LONG {
                owned.piece = (owned.piece / 2).max(least);
            } else if owned.spent < LONG / 4 {
                owned.piece = (owned.piece * 2).min(most);
            }
        }
        (code(&step, owned.consumed), step)
    });
    match stepped {
        Some((_, Step::Failed(message))) => throw_type_error(scope, &format!("Parser error: {message}")),
        Some(((kind, number), _)) => rv.set_uint32(number << 4 | kind),
        None => {}
    }
}

/// `rewriterWrite(id, chunk, from) → code`: has a piece of a chunk read, from a position on. At the end of that, the number of
/// the code is how many bytes it was. Throws a TypeError where the document cannot be read on, a RangeError where the app's
/// memory is used up; the caller closes the rewriter then.
fn write(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (id, from) = (number(scope, args.get(0)), number(scope, args.get(2)));
    let Some(piece) = Rewriters::of(scope).and_then(|rewriters| Some(rewriters.open.get_mut(id)?.piece)) else {
        return;
    };
    let mut storage = [0; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
    let view = v8::Local::<v8::ArrayBufferView>::try_from(args.get(1)).ok();
    let Some(chunk) = contents(scope, args.get(1), view.as_ref(), &mut storage) else { return };
    let rest = chunk.get(from..).unwrap_or_default();
    let input = rest.get(..piece).unwrap_or(rest);
    step(scope, id, &mut rv, |rewriting| rewriting.write(Some(input.to_vec())), Some(input.len()));
}

/// `rewriterEnd(id) → code`: there is no more of the document.
fn end(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    step(scope, id, &mut rv, |rewriting| rewriting.write(None), Some(0));
}

/// `rewriterResume(id) → code`: what the last code asked for is done.
fn resume(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    step(scope, id, &mut rv, Rewriting::resume, None);
}

/// `rewriterOutput(id) → Uint8Array | null`: what came out since the last time. Throws a RangeError where the app's memory is used up.
fn output(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let bytes = with(scope, id, |owned| {
        let bytes = owned.counted(Rewriting::take_output);
        // It leaves the rewriter here.
        owned.held -= bytes.capacity().cast_signed();
        bytes
    });
    match bytes {
        Some(bytes) if !bytes.is_empty() => match to_uint8_array(scope, &bytes) {
            Some(view) => rv.set(view.into()),
            None => {
                throw_range_error(scope, "There is not enough memory for what an HTMLRewriter puts out (memory_mb)")
            }
        },
        _ => rv.set_null(),
    }
}

/// `rewriterReleased(id) → number[]`: numbers of contents and of end tags' handlers that are of no more use.
fn released(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let numbers = with(scope, id, |owned| {
        let numbers = owned.counted(|rewriting| rewriting.take_released());
        owned.held -= (numbers.capacity() * size_of::<u32>()).cast_signed();
        numbers
    });
    let numbers: Vec<v8::Local<v8::Value>> = numbers
        .unwrap_or_default()
        .into_iter()
        .map(|number| v8::Integer::new_from_unsigned(scope, number).into())
        .collect();
    rv.set(v8::Array::new_with_elements(scope, &numbers).into());
}

/// `rewriterClose(id)`: gives a rewriter up, or back when it is over.
fn close_rewriter(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    close(scope, id);
}
