//! V8's inspector, used as a developer tools' console would use it, but in the same process: `Runtime.evaluate` with
//! `replMode`. Requests and replies are JSON of the Chrome DevTools Protocol.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use v8::inspector::{
    Channel, ChannelImpl, StringBuffer, StringView, V8Inspector, V8InspectorClient, V8InspectorClientImpl,
    V8InspectorClientTrustLevel, V8InspectorSession,
};

use crate::engine::runtime::Runtime;

/// The inspector groups contexts; there is one group, and one context in it.
const CONTEXT_GROUP: i32 = 1;
/// Results that V8 keeps until they are printed.
const RESULTS: &[u8] = b"results";

/// Replies that were not taken, by the number of their request.
type Replies = Rc<RefCell<BTreeMap<i32, Option<String>>>>;

/// A connection to the inspector.
pub(crate) struct Console {
    session: V8InspectorSession,
    replies: Replies,
    last_id: i32,
    // After the session, which uses it.
    _inspector: V8Inspector,
}

/// What a request led to.
pub(crate) enum Reply<'s> {
    Value(v8::Local<'s, v8::Value>),
    Thrown(v8::Local<'s, v8::Value>),
    /// The inspector refused.
    Failed(String),
}

struct Client;

// Nothing ever pauses, and console messages have their own way: the defaults do.
impl V8InspectorClientImpl for Client {}

struct Receiver(Replies);

impl ChannelImpl for Receiver {
    fn send_response(&self, call_id: i32, message: v8::UniquePtr<StringBuffer>) {
        // Only those that are waited for.
        if let (Some(reply), Some(message)) = (self.0.borrow_mut().get_mut(&call_id), message.as_ref()) {
            *reply = Some(message.string().to_string());
        }
    }

    fn send_notification(&self, _: v8::UniquePtr<StringBuffer>) {}

    fn flush_protocol_notifications(&self) {}
}

impl Console {
    pub(crate) fn connect(runtime: &mut Runtime) -> Self {
        let inspector = V8Inspector::create(&mut runtime.isolate, V8InspectorClient::new(Box::new(Client)));
        let replies = Replies::default();
        let session = runtime.with_scope(|scope| {
            let context = scope.get_current_context();
            inspector.context_created(context, CONTEXT_GROUP, StringView::empty(), StringView::empty());
            remove_create_task(scope);
            let channel = Channel::new(Box::new(Receiver(Rc::clone(&replies))));
            inspector.connect(CONTEXT_GROUP, channel, StringView::empty(), V8InspectorClientTrustLevel::FullyTrusted)
        });
        Self { session, replies, last_id: 0, _inspector: inspector }
    }

    /// Begins to evaluate `source`; `name` stands for it in stacks. The reply comes by a microtask at the earliest.
    pub(crate) fn evaluate(&mut self, runtime: &mut Runtime, source: &str, name: &str) -> i32 {
        let source = json_string(&format!("{source}\n//# sourceURL={name}"));
        self.request(
            runtime,
            "Runtime.evaluate",
            &format!(
                r#""expression":{source},"contextId":1,"objectGroup":"results","replMode":true,"awaitPromise":true"#
            ),
        )
    }

    /// Evaluates `source`, at once and only as far as it changes nothing.
    pub(crate) fn peek(&mut self, runtime: &mut Runtime, source: &str) -> Option<String> {
        let source = json_string(source);
        let id = self.request(
            runtime,
            "Runtime.evaluate",
            &format!(
                r#""expression":{source},"contextId":1,"objectGroup":"results","throwOnSideEffect":true,"silent":true"#
            ),
        );
        let reply = self.take_reply(id);
        self.ignore(id);
        reply
    }

    /// The names of the session's `let`, `const` and `class` declarations, as a reply.
    pub(crate) fn lexical_names(&mut self, runtime: &mut Runtime) -> Option<String> {
        let id = self.request(runtime, "Runtime.globalLexicalScopeNames", r#""executionContextId":1"#);
        let reply = self.take_reply(id);
        self.ignore(id);
        reply
    }

    fn request(&mut self, runtime: &mut Runtime, method: &str, parameters: &str) -> i32 {
        self.last_id = self.last_id.wrapping_add(1).max(1);
        let id = self.last_id;
        let message = format!(r#"{{"id":{id},"method":"{method}","params":{{{parameters}}}}}"#);
        self.replies.borrow_mut().insert(id, None);
        runtime.with_scope(|_| self.session.dispatch_protocol_message(StringView::from(message.as_bytes())));
        id
    }

    /// The reply to a request, if it has come.
    pub(crate) fn take_reply(&mut self, id: i32) -> Option<String> {
        let mut replies = self.replies.borrow_mut();
        let reply = replies.get_mut(&id)?.take()?;
        replies.remove(&id);
        Some(reply)
    }

    /// Drops the reply, now or when it comes.
    pub(crate) fn ignore(&mut self, id: i32) {
        self.replies.borrow_mut().remove(&id);
    }

    /// Lets V8 forget the results it has handed out.
    pub(crate) fn release(&mut self, runtime: &mut Runtime) {
        runtime.with_scope(|_| self.session.release_object_group(StringView::from(RESULTS)));
    }

    /// The value within a reply to `evaluate` or `peek`; `None` where there is none.
    pub(crate) fn read<'s>(&self, scope: &mut v8::PinScope<'s, '_>, reply: &str) -> Option<Reply<'s>> {
        let reply = object(parse(scope, reply)?)?;
        if let Some(error) = own(scope, reply, "error") {
            let message = own(scope, object(error)?, "message")?;
            return Some(Reply::Failed(message.to_rust_string_lossy(scope)));
        }
        let result = own(scope, reply, "result").and_then(|result| object(result))?;
        if let Some(details) = own(scope, result, "exceptionDetails").and_then(|details| object(details)) {
            let exception = own(scope, details, "exception").and_then(|exception| object(exception))?;
            return self.remote_object(scope, exception).map(Reply::Thrown);
        }
        let value = own(scope, result, "result").and_then(|value| object(value))?;
        self.remote_object(scope, value).map(Reply::Value)
    }

    /// The value that a `Runtime.RemoteObject` stands for.
    fn remote_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        remote: v8::Local<'s, v8::Object>,
    ) -> Option<v8::Local<'s, v8::Value>> {
        if let Some(id) = own(scope, remote, "objectId") {
            let id = id.to_rust_string_lossy(scope);
            let (value, _, _) = self.session.unwrap_object(scope, StringView::from(id.as_bytes())).ok()?;
            return Some(value);
        }
        if let Some(text) = own(scope, remote, "unserializableValue") {
            // `-0`, `NaN`, `-Infinity`, `123n`: texts that are programs for their values.
            v8::tc_scope!(let scope, scope);
            let text = text.to_string(scope)?;
            return v8::Script::compile(scope, text, None)?.run(scope);
        }
        Some(own(scope, remote, "value").unwrap_or_else(|| v8::undefined(scope).into()))
    }
}

/// The array of strings that a reply bears as `result.names`.
pub(crate) fn names_of(scope: &mut v8::PinScope, reply: &str) -> Option<Vec<String>> {
    let reply = object(parse(scope, reply)?)?;
    let result = own(scope, reply, "result").and_then(|result| object(result))?;
    let names = v8::Local::<v8::Array>::try_from(own(scope, result, "names")?).ok()?;
    let name = |index| Some(names.get_index(scope, index)?.to_rust_string_lossy(scope));
    Some((0..names.length()).filter_map(name).collect())
}

/// The inspector adds `createTask` to the console; programs run without it elsewhere.
fn remove_create_task(scope: &mut v8::PinScope) {
    let global = scope.get_current_context().global(scope);
    let Some(console) = own(scope, global, "console").and_then(|console| object(console)) else { return };
    if let Some(name) = v8::String::new(scope, "createTask") {
        console.delete(scope, name.into());
    }
}

fn parse<'s>(scope: &mut v8::PinScope<'s, '_>, json: &str) -> Option<v8::Local<'s, v8::Value>> {
    let json = v8::String::new(scope, json)?;
    v8::json::parse(scope, json)
}

fn object<'s>(value: v8::Local<'s, v8::Value>) -> Option<v8::Local<'s, v8::Object>> {
    v8::Local::<v8::Object>::try_from(value).ok()
}

/// An own property: what the user did to `Object.prototype` must not matter.
fn own<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let key = v8::String::new(scope, key)?;
    if !object.has_own_property(scope, key.into())? {
        return None;
    }
    object.get(scope, key.into())
}

/// `text` as a JSON string in ASCII, which the inspector reads as one byte per character.
fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for unit in text.encode_utf16() {
        match char::from_u32(unit.into()) {
            Some(c @ (' ' | '!' | '#'..='[' | ']'..='~')) => json.push(c),
            // Writing to a String cannot fail.
            _ => drop(write!(json, "\\u{unit:04x}")),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests;
