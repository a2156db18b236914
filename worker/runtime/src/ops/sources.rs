//! The JavaScript files that are built in: those beneath `js/`.

use std::borrow::Cow;
#[cfg(debug_assertions)]
use std::fs;

use crate::engine::extension::Source;

/// The text of a file, given as a literal.
///
/// A debug build reads it when it evaluates it, so that an edit of one compiles neither this crate nor the build script that
/// links it: that script runs once more, and its snapshot goes into `nano-worker`, which is linked again. No worker reads
/// them: it has the snapshot.
macro_rules! text {
    ($path:literal) => {
        || {
            #[cfg(debug_assertions)]
            let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/js/", $path)).map(Cow::Owned);
            #[cfg(not(debug_assertions))]
            let text = Ok(Cow::Borrowed(include_str!(concat!("../js/", $path))));
            text
        }
    };
}

macro_rules! sources {
    ($(#[$doc:meta])* $name:ident: $($path:literal,)*) => {
        $(#[$doc])*
        pub(crate) const $name: &[Source] = &[$(Source { path: $path, text: text!($path) },)*];
    };
}

sources! {
    /// Those that are evaluated into the snapshot. A new file is one new line; the order does not matter, imports do.
    SOURCES:
    "bootstrap.js",
    "compression/coding.js",
    "compression/compression_stream.js",
    "compression/decompression_stream.js",
    "console/console.js",
    "console/format.js",
    "console/inspect.js",
    "console/inspect/collections.js",
    "console/inspect/errors.js",
    "console/inspect/kinds.js",
    "console/inspect/layout.js",
    "console/inspect/names.js",
    "console/inspect/objects.js",
    "console/inspect/properties.js",
    "console/inspect/strings.js",
    "console/inspectors.js",
    "console/table.js",
    "crypto/algorithms/aes.js",
    "crypto/algorithms/derivation.js",
    "crypto/algorithms/ec.js",
    "crypto/algorithms/hash.js",
    "crypto/algorithms/hmac.js",
    "crypto/algorithms/okp.js",
    "crypto/algorithms/pair.js",
    "crypto/algorithms/rsa.js",
    "crypto/algorithms/secret.js",
    "crypto/crypto.js",
    "crypto/crypto_key.js",
    "crypto/digest_stream.js",
    "crypto/errors.js",
    "crypto/jwk.js",
    "crypto/key_usages.js",
    "crypto/normalize.js",
    "crypto/subtle_crypto.js",
    "dom/abort.js",
    "dom/dom_exception.js",
    "dom/event.js",
    "dom/event_target.js",
    "dom/listener_list.js",
    "encoding/base64.js",
    "encoding/coding_transform.js",
    "encoding/text_decoder.js",
    "encoding/text_decoder_stream.js",
    "encoding/text_encoder.js",
    "encoding/text_encoder_stream.js",
    "fetch/body.js",
    "fetch/body_sender.js",
    "fetch/body_source.js",
    "fetch/collect.js",
    "fetch/content_coding.js",
    "fetch/data_url.js",
    "fetch/fetch.js",
    "fetch/form_body.js",
    "fetch/form_data.js",
    "fetch/headers.js",
    "fetch/incoming_url.js",
    "fetch/iterable_source.js",
    "fetch/method_accessors.js",
    "fetch/mime_type.js",
    "fetch/multipart.js",
    "fetch/request.js",
    "fetch/response.js",
    "file/blob.js",
    "file/file.js",
    "html/error_reporting.js",
    "html/message_event.js",
    "html/message_ports.js",
    "html/microtasks.js",
    "html/scheduler.js",
    "html/structured_clone.js",
    "html/timeout_promise.js",
    "html/timers.js",
    "html/unhandled_rejections.js",
    "html/worker_global_scope.js",
    "ops.js",
    "performance/clock.js",
    "performance/performance.js",
    "performance/user_timing.js",
    "primordials.js",
    "steady_map.js",
    "streams/array_buffers.js",
    "streams/budget.js",
    "streams/byte_length_queuing_strategy.js",
    "streams/count_queuing_strategy.js",
    "streams/identity_transform_stream.js",
    "streams/inspection.js",
    "streams/lazy_promise.js",
    "streams/promises.js",
    "streams/queue_with_sizes.js",
    "streams/queuing_strategy.js",
    "streams/queuing_strategy_init.js",
    "streams/readable/byte_controller_operations.js",
    "streams/readable/byte_tee.js",
    "streams/readable/controller_interface.js",
    "streams/readable/default_controller_operations.js",
    "streams/readable/from_iterable.js",
    "streams/readable/pipe_to.js",
    "streams/readable/reader_operations.js",
    "streams/readable/slots.js",
    "streams/readable/stream_operations.js",
    "streams/readable/tee.js",
    "streams/readable/tee_branches.js",
    "streams/readable_byte_stream_controller.js",
    "streams/readable_stream.js",
    "streams/readable_stream_async_iterator.js",
    "streams/readable_stream_byob_reader.js",
    "streams/readable_stream_byob_request.js",
    "streams/readable_stream_default_controller.js",
    "streams/readable_stream_default_reader.js",
    "streams/sealed_class.js",
    "streams/transform/controller_operations.js",
    "streams/transform/sink_operations.js",
    "streams/transform/slots.js",
    "streams/transform/source_operations.js",
    "streams/transform/stream_operations.js",
    "streams/transform_stream.js",
    "streams/transform_stream_default_controller.js",
    "streams/writable/controller_interface.js",
    "streams/writable/controller_operations.js",
    "streams/writable/slots.js",
    "streams/writable/stream_operations.js",
    "streams/writable/writer_operations.js",
    "streams/writable_stream.js",
    "streams/writable_stream_default_controller.js",
    "streams/writable_stream_default_writer.js",
    "streams/young_slot.js",
    "url/search_params.js",
    "url/url.js",
    "url/url_pattern.js",
    "url/urlencoded.js",
    "webidl.js",
    "webidl/iterable.js",
    "webidl/pair_list.js",
    "worker/assets_binding.js",
    "worker/cloudflare_workers.js",
    "worker/dispatch.js",
    "worker/environment.js",
    "worker/execution_context.js",
    "worker/fetch_event.js",
    "worker/request_context.js",
    "worker/rpc.js",
    "worker/shared_memory.js",
    "worker/wasm_streaming.js",
}

sources! {
    /// Those that are evaluated when something first imports them.
    LAZY:
    "node/async_hooks.js",
    "node/buffer.js",
    "node/buffer/create.js",
    "node/buffer/encodings.js",
    "node/buffer/numbers.js",
    "node/buffer/search.js",
    "node/diagnostics_channel.js",
    "node/events.js",
    "node/internal/errors.js",
    "node/internal/event_promises.js",
    "node/internal/validators.js",
    "node/os.js",
    "node/path.js",
    "node/process.js",
    "node/querystring.js",
    "node/string_decoder.js",
    "node/timers.js",
    "node/timers/promises.js",
    "node/tty.js",
    "node/util.js",
    "node/util/deep_equal.js",
    "node/util/types.js",
}

#[cfg(test)]
mod tests;
