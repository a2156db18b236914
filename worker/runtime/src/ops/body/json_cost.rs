//! What the values of a JSON text take in V8's heap, told from the text: an app that parses what a client sent must not
//! be ended by `[[],[],[],…`, of which each three bytes become fifty. Too much rather than too little, but for records of
//! one shape, which are what honest texts consist of, no more than twice.

use std::hash::{BuildHasher, RandomState};

/// An array: its object and the head of its elements.
const ARRAY: usize = 48;
/// An object: its head, and its place where it is held.
const OBJECT: usize = 40;
/// An element of an array: its place, and the parser's for it.
const ELEMENT: usize = 16;
/// A property whose object has the shape of one that was there before.
const PROPERTY: usize = 24;
/// A property that makes a new shape: a map, its descriptors, its transition, the name.
const NEW_SHAPE: usize = 240;
/// The head of a string.
const STRING: usize = 24;
/// A number that is no small integer.
const NUMBER: usize = 16;
/// An open array or object, in the parser and here.
const OPEN: usize = 64;

/// So many shapes are told apart; more are all new, since their cost alone passes what any app has.
const SHAPES: usize = 1 << 20;
/// Objects that are open within each other whose shapes are looked at.
const DEEPEST: usize = 10_000;

/// Bytes, about.
pub(super) fn json_cost(text: &[u8]) -> usize {
    Estimate::default().of(text)
}

#[derive(Default)]
struct Estimate {
    cost: usize,
    /// For each open object: the hash of the names it has so far. For arrays: 0.
    open: Vec<u64>,
    depth: usize,
    /// A set of hashes, as bits.
    shapes: Vec<u64>,
    hasher: RandomState,
}

impl Estimate {
    fn of(mut self, text: &[u8]) -> usize {
        let mut rest = text;
        let mut last_string: &[u8] = b"";
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'[' => self.begin(ARRAY),
                b'{' => self.begin(OBJECT),
                b']' | b'}' => self.end(),
                b',' => self.add(ELEMENT),
                b':' => self.property(last_string),
                b'"' => {
                    let end = string_end(rest);
                    (last_string, rest) = rest.split_at(end);
                    rest = rest.get(1..).unwrap_or_default();
                    self.string(last_string);
                }
                b'.' | b'e' | b'E' => self.add(NUMBER),
                b'0'..=b'9' => {
                    let more = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    rest = rest.get(more..).unwrap_or_default();
                    self.add(if more >= 9 { NUMBER } else { 0 });
                }
                _ => {}
            }
        }
        self.cost
    }

    fn add(&mut self, bytes: usize) {
        self.cost = self.cost.saturating_add(bytes);
    }

    fn begin(&mut self, bytes: usize) {
        self.add(bytes + ELEMENT);
        self.depth += 1;
        if self.depth <= DEEPEST {
            self.open.push(0);
        } else {
            self.add(OPEN);
        }
    }

    fn end(&mut self) {
        if self.depth <= DEEPEST {
            self.open.pop();
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn string(&mut self, content: &[u8]) {
        // From U+0100 on a string's characters take two bytes each.
        let wide = content.iter().any(|byte| *byte >= 0xc4 || *byte == b'\\');
        self.add(STRING + if wide { content.len().saturating_mul(2) } else { content.len() });
    }

    fn property(&mut self, name: &[u8]) {
        let before = self.open.last().copied().unwrap_or_default();
        let shape = self.hasher.hash_one((before, name));
        if let Some(last) = self.open.last_mut() {
            *last = shape;
        }
        // The name's string is there once for all objects: it was counted as a value.
        self.cost = self.cost.saturating_sub(STRING + name.len());
        let is_new = self.note(shape);
        self.add(if is_new { NEW_SHAPE + name.len() } else { PROPERTY });
    }

    /// Whether the shape was not there before.
    fn note(&mut self, shape: u64) -> bool {
        if self.shapes.is_empty() {
            self.shapes.resize(SHAPES / 64, 0);
        }
        let bit = usize::try_from(shape).unwrap_or_default() % SHAPES;
        let Some(word) = self.shapes.get_mut(bit / 64) else { return true };
        let is_new = *word & (1 << (bit % 64)) == 0;
        *word |= 1 << (bit % 64);
        is_new
    }
}

/// Where the string ends, at its closing quote or at the end of the text.
fn string_end(text: &[u8]) -> usize {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))) {
        match text.get(from + at) {
            Some(b'\\') => from = (from + at + 2).min(text.len()),
            _ => return from + at,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
