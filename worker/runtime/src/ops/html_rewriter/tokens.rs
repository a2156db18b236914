//! What handlers do with what they are called with. Whether a token is still its handler's, JavaScript knows; here it is the
//! one that the rewriter stands still with, or none.

use lol_html::html_content::ContentType;

use super::rewriting::TokenRef;
use super::{number, with};
use crate::ops::bytes::contents;
use crate::ops::native_memory::has_room;
use crate::ops::{ops, throw_range_error, throw_type_error};

ops! {
    "rewriterAttribute" => attribute,
    "rewriterAttributeAt" => attribute_at,
    "rewriterContent" => content,
    "rewriterFeed" => feed,
    "rewriterFlag" => flag,
    "rewriterHasAttribute" => has_attribute,
    "rewriterOnEndTag" => on_end_tag,
    "rewriterRemove" => remove,
    "rewriterRemoveAttribute" => remove_attribute,
    "rewriterSetAttribute" => set_attribute,
    "rewriterSetText" => set_text,
    "rewriterStream" => stream,
    "rewriterText" => text,
}

/// From this length on it is asked whether there is room for what is made of a string.
const LARGE: usize = 16 << 10;

/// A string of the app's as Rust has it. `None`, and a `RangeError` is thrown, where there is no room for it; `times`: how much
/// longer what becomes of it may be.
fn string(scope: &mut v8::PinScope, value: v8::Local<v8::Value>, times: usize) -> Option<String> {
    let text = v8::Local::<v8::String>::try_from(value).ok()?;
    let bytes = if text.length() > LARGE { text.utf8_length(scope).saturating_mul(times + 1) } else { 0 };
    if bytes > 0 && !has_room(scope, bytes) {
        throw_range_error(scope, "There is not enough memory for what the HTMLRewriter is given (memory_mb)");
        return None;
    }
    Some(text.to_rust_string_lossy(scope))
}

fn return_text(scope: &mut v8::PinScope, rv: &mut v8::ReturnValue, text: Option<&str>) {
    match text.map(|text| v8::String::new(scope, text)) {
        Some(Some(text)) => rv.set(text.into()),
        Some(None) => throw_range_error(scope, "The text is too long for a string"),
        None => rv.set_null(),
    }
}

fn content_type(value: v8::Local<v8::Value>) -> ContentType {
    if value.is_true() { ContentType::Html } else { ContentType::Text }
}

/// `rewriterText(id, which) → string | null`: 0 a name or text, 1 the namespace of an element or the public identifier of a doctype,
/// 2 its system identifier.
fn text(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let which = number(scope, args.get(1));
    let id = number(scope, args.get(0));
    let text = with(scope, id, |owned| {
        Some(match (owned.rewriting.token()?, which) {
            (TokenRef::Element(element), 0) => element.tag_name(),
            (TokenRef::Element(element), _) => element.namespace_uri().to_owned(),
            (TokenRef::EndTag(tag), _) => tag.name(),
            (TokenRef::Comment(comment), _) => comment.text(),
            (TokenRef::Text(text), _) => text.as_str().to_owned(),
            (TokenRef::Doctype(doctype), 0) => doctype.name()?,
            (TokenRef::Doctype(doctype), 1) => doctype.public_id()?,
            (TokenRef::Doctype(doctype), _) => doctype.system_id()?,
            (TokenRef::End(_), _) => return None,
        })
    });
    if let Some(text) = text {
        return_text(scope, &mut rv, text.as_deref());
    }
}

/// `rewriterSetText(id, text)`: a tag's name, or a comment's text. Throws a TypeError where it cannot be that.
fn set_text(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let Some(text) = string(scope, args.get(1), 1) else { return };
    let set = with(scope, id, |owned| {
        owned.counted(|rewriting| match rewriting.token() {
            Some(TokenRef::Element(element)) => element.set_tag_name(&text).map_err(|error| error.to_string()),
            Some(TokenRef::EndTag(tag)) => {
                // A copy, which is counted.
                tag.set_name_str(text.clone());
                Ok(())
            }
            Some(TokenRef::Comment(comment)) => comment.set_text(&text).map_err(|error| error.to_string()),
            _ => Ok(()),
        })
    });
    if let Some(Err(message)) = set {
        throw_type_error(scope, &format!("Parser error: {message}"));
    }
}

/// `rewriterFlag(id, last) → boolean`: whether the token is removed, or with `last`, whether it is the last of its text.
fn flag(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let last = args.get(1).is_true();
    let flag = with(scope, id, |owned| match owned.rewriting.token() {
        Some(TokenRef::Element(element)) => element.removed(),
        Some(TokenRef::EndTag(tag)) => tag.removed(),
        Some(TokenRef::Comment(comment)) => comment.removed(),
        Some(TokenRef::Text(text)) if last => text.last_in_text_node(),
        Some(TokenRef::Text(text)) => text.removed(),
        _ => false,
    });
    rv.set_bool(flag == Some(true));
}

/// `rewriterAttribute(id, name) → string | null`
fn attribute(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let Some(name) = string(scope, args.get(1), 1) else { return };
    let value = with(scope, id, |owned| match owned.rewriting.token()? {
        TokenRef::Element(element) => element.get_attribute(&name),
        _ => None,
    });
    if let Some(value) = value {
        return_text(scope, &mut rv, value.as_deref());
    }
}

/// `rewriterAttributeAt(id, index) → [string, string] | undefined`: the name and value of an attribute, in the order of the document.
fn attribute_at(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let (id, index) = (number(scope, args.get(0)), number(scope, args.get(1)));
    let pair = with(scope, id, |owned| match owned.rewriting.token()? {
        TokenRef::Element(element) => {
            element.attributes().get(index).map(|attribute| (attribute.name(), attribute.value()))
        }
        _ => None,
    });
    if let Some(Some((name, value))) = pair
        && let (Some(name), Some(value)) = (v8::String::new(scope, &name), v8::String::new(scope, &value))
    {
        rv.set(v8::Array::new_with_elements(scope, &[name.into(), value.into()]).into());
    }
}

/// `rewriterHasAttribute(id, name) → boolean`
fn has_attribute(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let Some(name) = string(scope, args.get(1), 1) else { return };
    let has = with(scope, id, |owned| match owned.rewriting.token() {
        Some(TokenRef::Element(element)) => element.has_attribute(&name),
        _ => false,
    });
    rv.set_bool(has == Some(true));
}

/// `rewriterSetAttribute(id, name, value)`: throws a TypeError where it is no name.
fn set_attribute(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let Some(name) = string(scope, args.get(1), 1) else { return };
    let Some(value) = string(scope, args.get(2), 2) else { return };
    let set = with(scope, id, |owned| {
        owned.counted(|rewriting| match rewriting.token() {
            Some(TokenRef::Element(element)) => element.set_attribute(&name, &value).map_err(|error| error.to_string()),
            _ => Ok(()),
        })
    });
    if let Some(Err(message)) = set {
        throw_type_error(scope, &format!("Parser error: {message}"));
    }
}

/// `rewriterRemoveAttribute(id, name)`
fn remove_attribute(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let Some(name) = string(scope, args.get(1), 1) else { return };
    with(scope, id, |owned| {
        owned.counted(|rewriting| {
            if let Some(TokenRef::Element(element)) = rewriting.token() {
                element.remove_attribute(&name);
            }
        });
    });
}

/// `rewriterContent(id, place, content, html)`: puts a string where `place` says: 0 before the token, 1 behind it, 2 at the beginning of
/// an element's content, 3 at its end, 4 instead of the token, 5 instead of the element's content. Of the document's end,
/// any place is before it.
fn content(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let (id, place) = (number(scope, args.get(0)), number(scope, args.get(1)));
    // What goes to the document's end is put out at once, escaped.
    let Some(text) = string(scope, args.get(2), if place == 3 { 6 } else { 1 }) else { return };
    let kind = content_type(args.get(3));
    with(scope, id, |owned| {
        owned.counted(|rewriting| match (rewriting.token(), place) {
            (Some(TokenRef::Element(element)), 0) => element.before(&text, kind),
            (Some(TokenRef::Element(element)), 1) => element.after(&text, kind),
            (Some(TokenRef::Element(element)), 2) => element.prepend(&text, kind),
            (Some(TokenRef::Element(element)), 3) => element.append(&text, kind),
            (Some(TokenRef::Element(element)), 4) => element.replace(&text, kind),
            (Some(TokenRef::Element(element)), _) => element.set_inner_content(&text, kind),
            (Some(TokenRef::EndTag(tag)), 0) => tag.before(&text, kind),
            (Some(TokenRef::EndTag(tag)), _) => tag.after(&text, kind),
            (Some(TokenRef::Comment(comment)), 0) => comment.before(&text, kind),
            (Some(TokenRef::Comment(comment)), 1) => comment.after(&text, kind),
            (Some(TokenRef::Comment(comment)), _) => comment.replace(&text, kind),
            (Some(TokenRef::Text(chunk)), 0) => chunk.before(&text, kind),
            (Some(TokenRef::Text(chunk)), 1) => chunk.after(&text, kind),
            (Some(TokenRef::Text(chunk)), _) => chunk.replace(&text, kind),
            (Some(TokenRef::End(end)), _) => end.append(&text, kind),
            (Some(TokenRef::Doctype(_)) | None, _) => {}
        });
    });
}

/// `rewriterStream(id, place, number)`: the same with content that is asked for by its number when it is its turn.
fn stream(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let (id, place) = (number(scope, args.get(0)), number(scope, args.get(1)));
    let content = args.get(2).uint32_value(scope).unwrap_or(0);
    with(scope, id, |owned| {
        owned.counted(|rewriting| {
            let content = rewriting.streamed(content);
            match (rewriting.token(), place) {
                (Some(TokenRef::Element(element)), 0) => element.streaming_before(content),
                (Some(TokenRef::Element(element)), 1) => element.streaming_after(content),
                (Some(TokenRef::Element(element)), 2) => element.streaming_prepend(content),
                (Some(TokenRef::Element(element)), 3) => element.streaming_append(content),
                (Some(TokenRef::Element(element)), 4) => element.streaming_replace(content),
                (Some(TokenRef::Element(element)), _) => element.streaming_set_inner_content(content),
                (Some(TokenRef::EndTag(tag)), 0) => tag.streaming_before(content),
                (Some(TokenRef::EndTag(tag)), _) => tag.streaming_after(content),
                (Some(TokenRef::Text(chunk)), 0) => chunk.streaming_before(content),
                (Some(TokenRef::Text(chunk)), 1) => chunk.streaming_after(content),
                (Some(TokenRef::Text(chunk)), _) => chunk.streaming_replace(content),
                // JavaScript refuses it for the others.
                (Some(TokenRef::Comment(_) | TokenRef::Doctype(_) | TokenRef::End(_)) | None, _) => {}
            }
        });
    });
}

/// `rewriterFeed(id, piece, html) → number`: writes a piece of the content that was asked for; returns how many bytes of output there
/// are now. Throws a TypeError where it is not UTF-8.
fn feed(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let kind = content_type(args.get(2));
    let mut storage = [0; v8::TYPED_ARRAY_MAX_SIZE_IN_HEAP];
    let view = v8::Local::<v8::ArrayBufferView>::try_from(args.get(1)).ok();
    let Some(piece) = contents(scope, args.get(1), view.as_ref(), &mut storage) else { return };
    let written = with(scope, id, |owned| {
        let valid = owned.counted(|rewriting| rewriting.write_content(&piece, kind));
        valid.then(|| owned.rewriting.output_length())
    });
    match written {
        Some(Some(length)) => rv.set_uint32(u32::try_from(length).unwrap_or(u32::MAX)),
        Some(None) => throw_type_error(scope, "Parser error: Invalid UTF-8"),
        None => {}
    }
}

/// `rewriterRemove(id, keepContent)`: removes the token; of an element its content too, or not.
fn remove(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let keep = args.get(1).is_true();
    with(scope, id, |owned| {
        owned.counted(|rewriting| match rewriting.token() {
            Some(TokenRef::Element(element)) if keep => element.remove_and_keep_content(),
            Some(TokenRef::Element(element)) => element.remove(),
            Some(TokenRef::EndTag(tag)) => tag.remove(),
            Some(TokenRef::Comment(comment)) => comment.remove(),
            Some(TokenRef::Text(text)) => text.remove(),
            Some(TokenRef::Doctype(_) | TokenRef::End(_)) | None => {}
        });
    });
}

/// `rewriterOnEndTag(id, number)`: has the handler of this number called with the element's end tag, and no other. Throws a TypeError
/// where it will have none.
fn on_end_tag(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let id = number(scope, args.get(0));
    let handler = args.get(1).uint32_value(scope).unwrap_or(0);
    let set = with(scope, id, |owned| {
        owned.counted(|rewriting| {
            let handler = rewriting.end_tag_handler(handler);
            let Some(TokenRef::Element(element)) = rewriting.token() else { return true };
            let Some(handlers) = element.end_tag_handlers() else { return false };
            handlers.clear();
            handlers.push(handler);
            true
        })
    });
    if set == Some(false) {
        throw_type_error(scope, "Parser error: No end tag.");
    }
}
