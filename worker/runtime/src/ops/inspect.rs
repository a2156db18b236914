//! Natives of console/inspect.js: what V8 knows of a value that JavaScript cannot ask without running the app's code.

use super::ops;

ops! {
    "constructorName" => constructor_name,
    "ownNonIndexProperties" => own_non_index_properties,
    "previewEntries" => preview_entries,
    "promiseDetails" => promise_details,
    "proxyDetails" => proxy_details,
    "valueKind" => value_kind,
}

/// `valueKind(value) → number`: see console/inspect/kinds.js for the numbers.
fn value_kind(_: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    rv.set_int32(kind_of(args.get(0)));
}

/// One of V8's type checks.
type Test = fn(&v8::Value) -> bool;

fn kind_of(value: v8::Local<v8::Value>) -> i32 {
    if value.is_function() {
        return match (value.is_async_function(), value.is_generator_function()) {
            _ if value.is_proxy() => 1,
            (false, false) => 23,
            (true, false) => 24,
            (false, true) => 25,
            (true, true) => 26,
        };
    }
    if !value.is_object() || value.is_array() {
        return 0;
    }
    let tests: [(Test, i32); 22] = [
        (v8::Value::is_proxy, 1),
        (v8::Value::is_map, 2),
        (v8::Value::is_set, 3),
        (v8::Value::is_typed_array, 4),
        (v8::Value::is_map_iterator, 5),
        (v8::Value::is_set_iterator, 6),
        (v8::Value::is_arguments_object, 7),
        (v8::Value::is_reg_exp, 8),
        (v8::Value::is_date, 9),
        (v8::Value::is_native_error, 10),
        (v8::Value::is_array_buffer, 11),
        (v8::Value::is_shared_array_buffer, 12),
        (v8::Value::is_data_view, 13),
        (v8::Value::is_promise, 14),
        (v8::Value::is_weak_set, 15),
        (v8::Value::is_weak_map, 16),
        (v8::Value::is_module_namespace_object, 17),
        (v8::Value::is_number_object, 18),
        (v8::Value::is_string_object, 19),
        (v8::Value::is_boolean_object, 20),
        (v8::Value::is_big_int_object, 21),
        (v8::Value::is_symbol_object, 22),
    ];
    tests.iter().find(|(is, _)| is(&value)).map_or(0, |(_, kind)| *kind)
}

/// `proxyDetails(proxy) → [target, handler]`; the handler is null where the proxy is revoked.
fn proxy_details(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(proxy) = v8::Local::<v8::Proxy>::try_from(args.get(0)) else { return };
    let details = [proxy.get_target(scope), proxy.get_handler(scope)];
    rv.set(v8::Array::new_with_elements(scope, &details).into());
}

/// `promiseDetails(promise) → [state, result]`; state: 0 pending, 1 fulfilled, 2 rejected.
fn promise_details(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(promise) = v8::Local::<v8::Promise>::try_from(args.get(0)) else { return };
    let (state, result) = match promise.state() {
        v8::PromiseState::Pending => (0, v8::undefined(scope).into()),
        v8::PromiseState::Fulfilled => (1, promise.result(scope)),
        v8::PromiseState::Rejected => (2, promise.result(scope)),
    };
    let details = [v8::Integer::new(scope, state).into(), result];
    rv.set(v8::Array::new_with_elements(scope, &details).into());
}

/// `previewEntries(iterator) → [values, isKeyValue]`: what a Map's or Set's iterator has left, without moving it.
fn preview_entries(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(object) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let (entries, is_key_value) = object.preview_entries(scope);
    let entries = entries.unwrap_or_else(|| v8::Array::new(scope, 0));
    let details = [entries.into(), v8::Boolean::new(scope, is_key_value).into()];
    rv.set(v8::Array::new_with_elements(scope, &details).into());
}

/// `constructorName(object) → string`: the class's name as V8 remembers it, whatever the prototype says now.
fn constructor_name(_: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    if let Ok(object) = v8::Local::<v8::Object>::try_from(args.get(0)) {
        rv.set(object.get_constructor_name().into());
    }
}

/// `ownNonIndexProperties(object, onlyEnumerable) → keys`: strings and symbols, without array indices.
fn own_non_index_properties(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let Ok(object) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let filter =
        if args.get(1).is_true() { v8::PropertyFilter::ONLY_ENUMERABLE } else { v8::PropertyFilter::ALL_PROPERTIES };
    let names = v8::GetPropertyNamesArgsBuilder::new()
        .mode(v8::KeyCollectionMode::OwnOnly)
        .property_filter(filter)
        .index_filter(v8::IndexFilter::SkipIndices)
        .build();
    if let Some(keys) = object.get_property_names(scope, names) {
        rv.set(keys.into());
    }
}
