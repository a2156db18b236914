// Imports every builtin and defines the globals. Evaluated once, at build time, into the startup snapshot: nothing
// here may read the clock, make random numbers or touch the outside; do that in a function that runs later.
//
// A new builtin needs its import here and its names in one of the tables below; CONTRIBUTING.md ("A web API") has the rest.
// Exports are functions, classes and constants, by name (`export let` is refused: importers would not see it change).

import { CompressionStream } from "./compression/compression_stream.js";
import { DecompressionStream } from "./compression/decompression_stream.js";
import { console } from "./console/console.js";
import { inspect } from "./console/inspect.js";
import "./console/inspectors.js";
import { Crypto, crypto } from "./crypto/crypto.js";
import { createDigestStream } from "./crypto/digest_stream.js";
import { CryptoKey } from "./crypto/crypto_key.js";
import { SubtleCrypto } from "./crypto/subtle_crypto.js";
import { AbortController, AbortSignal, configureAbortTimers } from "./dom/abort.js";
import { DOMException } from "./dom/dom_exception.js";
import { CustomEvent, ErrorEvent, Event, PromiseRejectionEvent } from "./dom/event.js";
import { EventTarget, globalEventTarget } from "./dom/event_target.js";
import { atob, btoa } from "./encoding/base64.js";
import { TextDecoder } from "./encoding/text_decoder.js";
import { TextDecoderStream } from "./encoding/text_decoder_stream.js";
import { TextEncoder } from "./encoding/text_encoder.js";
import { TextEncoderStream } from "./encoding/text_encoder_stream.js";
import { fetch, fetchFailed, fetchResponded, fetchSlotFree, resumeFetch } from "./fetch/fetch.js";
import { FormData } from "./fetch/form_data.js";
import { Headers } from "./fetch/headers.js";
import { Request } from "./fetch/request.js";
import { Response } from "./fetch/response.js";
import { Blob } from "./file/blob.js";
import { File } from "./file/file.js";
import { getGlobalHandler, reportError, setGlobalHandler } from "./html/error_reporting.js";
import { messageEvents } from "./html/message_event.js";
import { messagePorts } from "./html/message_ports.js";
import { queueMicrotask } from "./html/microtasks.js";
import { createScheduler } from "./html/scheduler.js";
import { structuredClone } from "./html/structured_clone.js";
import { cancelTimer, clearInterval, clearTimeout, fireTimer, setBackgroundTimeout, setInterval, setTimeout } from "./html/timers.js";
import { rejectionHandled, unhandledRejection } from "./html/unhandled_rejections.js";
import { ServiceWorkerGlobalScope, WorkerGlobalScope } from "./html/worker_global_scope.js";
import { ops, version } from "./ops.js";
import { Performance, performance } from "./performance/performance.js";
import { userTiming } from "./performance/user_timing.js";
import { primordials } from "./primordials.js";
import { captureFloat16Array } from "./streams/array_buffers.js";
import { configureBudget } from "./streams/budget.js";
import { ByteLengthQueuingStrategy } from "./streams/byte_length_queuing_strategy.js";
import { CountQueuingStrategy } from "./streams/count_queuing_strategy.js";
import { createIdentityTransformStreams } from "./streams/identity_transform_stream.js";
import { ReadableByteStreamController } from "./streams/readable_byte_stream_controller.js";
import { ReadableStream } from "./streams/readable_stream.js";
import { ReadableStreamBYOBReader } from "./streams/readable_stream_byob_reader.js";
import { ReadableStreamBYOBRequest } from "./streams/readable_stream_byob_request.js";
import { ReadableStreamDefaultController } from "./streams/readable_stream_default_controller.js";
import { ReadableStreamDefaultReader } from "./streams/readable_stream_default_reader.js";
import { TransformStream } from "./streams/transform_stream.js";
import { TransformStreamDefaultController } from "./streams/transform_stream_default_controller.js";
import { WritableStream } from "./streams/writable_stream.js";
import { WritableStreamDefaultController } from "./streams/writable_stream_default_controller.js";
import { WritableStreamDefaultWriter } from "./streams/writable_stream_default_writer.js";
import { URLSearchParams } from "./url/search_params.js";
import { URL } from "./url/url.js";
import { createURLPattern } from "./url/url_pattern.js";
import { createAssetsBinding } from "./worker/assets_binding.js";
import { builtInModule } from "./worker/cloudflare_workers.js";
import {
  abortRequest, checkExports, dispatchRequest, dispatchScheduled, handlesScheduled, responseHandedOn, resumeResponse, startApp,
} from "./worker/dispatch.js";
import { beforeMain, setEnvironment } from "./worker/environment.js";
import { ExecutionContext } from "./worker/execution_context.js";
import { ExtendableEvent, FetchEvent } from "./worker/fetch_event.js";
import { closeWebSockets, webSockets } from "./websocket/registry.js";
import { removeSharedMemory } from "./worker/shared_memory.js";
import { defineWasmStreaming } from "./worker/wasm_streaming.js";

const {
  GeneratorPrototypeNext, ObjectDefineProperty, ObjectFreeze, ObjectGetOwnPropertyDescriptor, ObjectKeys, globalThis: global,
} = primordials;
delete global.__nano;

/** Web IDL interface objects and namespaces: writable, configurable, not enumerable. */
function defineInterfaces(table) {
  for (const name of ObjectKeys(table)) {
    ObjectDefineProperty(global, name, {
      __proto__: null, value: table[name], writable: true, enumerable: false, configurable: true,
    });
  }
}

/**
 * Members that are made when an app looks at the first of them: `create()` returns an object with all. What nobody looks at takes
 * no part of the heap.
 */
function defineLazily(object, names, create, enumerable = false) {
  let made = null;
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    const define = (value) => {
      ObjectDefineProperty(object, name, { __proto__: null, value, writable: true, enumerable, configurable: true });
      return value;
    };
    const accessor = {
      get [name]() {
        made ??= create();
        return define(made[name]);
      },
      set [name](value) {
        define(value);
      },
    };
    const { get, set } = ObjectGetOwnPropertyDescriptor(accessor, name);
    ObjectDefineProperty(object, name, { __proto__: null, get, set, enumerable, configurable: true });
  }
}

/** Web IDL operations of the global: writable, configurable, enumerable. */
function defineFunctions(table) {
  for (const name of ObjectKeys(table)) {
    ObjectDefineProperty(global, name, {
      __proto__: null, value: table[name], writable: true, enumerable: true, configurable: true,
    });
  }
}

/** Web IDL [Replaceable] read-only attributes of the global: getters that an assignment replaces by a plain value. */
function defineAttributes(table) {
  for (const name of ObjectKeys(table)) {
    const { get } = ObjectGetOwnPropertyDescriptor(table, name);
    const replaceable = {
      set [name](value) {
        ObjectDefineProperty(global, name, {
          __proto__: null, value, writable: true, enumerable: true, configurable: true,
        });
      },
    };
    const { set } = ObjectGetOwnPropertyDescriptor(replaceable, name);
    ObjectDefineProperty(global, name, { __proto__: null, get, set, enumerable: true, configurable: true });
  }
}

const languages = ObjectFreeze(["en"]);
const navigator = new (class Navigator {
  get userAgent() {
    return `nano/${version}`;
  }

  get hardwareConcurrency() {
    return 1;
  }

  get language() {
    return "en";
  }

  get languages() {
    return languages;
  }

  get platform() {
    return "";
  }
})();

// The global scope is an event target whose state is another object's.
globalEventTarget();
const { addEventListener, dispatchEvent, removeEventListener } = EventTarget.prototype;
configureAbortTimers(setBackgroundTimeout, cancelTimer);

defineInterfaces({
  AbortController,
  AbortSignal,
  Blob,
  ByteLengthQueuingStrategy,
  CompressionStream,
  console,
  CountQueuingStrategy,
  Crypto,
  CryptoKey,
  CustomEvent,
  DecompressionStream,
  DOMException,
  ErrorEvent,
  Event,
  EventTarget,
  ExecutionContext,
  ExtendableEvent,
  FetchEvent,
  File,
  FormData,
  Headers,
  Navigator: navigator.constructor,
  Performance,
  PromiseRejectionEvent,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  Request,
  Response,
  ServiceWorkerGlobalScope,
  SubtleCrypto,
  TextDecoder,
  TextDecoderStream,
  TextEncoder,
  TextEncoderStream,
  TransformStream,
  TransformStreamDefaultController,
  URL,
  URLSearchParams,
  WorkerGlobalScope,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
});

defineLazily(global, ["BroadcastChannel", "MessageChannel", "MessagePort"], messagePorts);
defineLazily(global, ["Cache", "CacheStorage"], () => ops.lazyBuiltin("worker/caches.js"));
defineLazily(global, ["caches"], () => ops.lazyBuiltin("worker/caches.js"), true);
defineLazily(global, ["EventSource"], () => ops.lazyBuiltin("html/event_source.js"));
defineLazily(global, ["FixedLengthStream", "IdentityTransformStream"], createIdentityTransformStreams);
defineLazily(global, ["HTMLRewriter"], () => ops.lazyBuiltin("html_rewriter/html_rewriter.js"));
defineLazily(global, ["MessageEvent"], messageEvents);
defineLazily(global, ["PerformanceEntry", "PerformanceMark", "PerformanceMeasure"], userTiming);
defineLazily(global, ["PerformanceObserver", "PerformanceObserverEntryList"], () => ops.lazyBuiltin("performance/observer.js"));
defineLazily(global, ["scheduler"], () => ({ __proto__: null, scheduler: createScheduler() }), true);
defineLazily(global, ["ScheduledController", "ScheduledEvent"], () => ops.lazyBuiltin("worker/scheduled.js"));
defineLazily(global, ["URLPattern"], createURLPattern);
defineLazily(global, ["CloseEvent", "WebSocket", "WebSocketPair"], webSockets);
defineLazily(crypto, ["DigestStream"], () => ({ __proto__: null, DigestStream: createDigestStream() }));

defineFunctions({
  addEventListener,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  dispatchEvent,
  fetch,
  queueMicrotask,
  removeEventListener,
  reportError,
  setInterval,
  setTimeout,
  structuredClone,
});

defineAttributes({
  get crypto() {
    return crypto;
  },
  get navigator() {
    return navigator;
  },
  get performance() {
    return performance;
  },
  get self() {
    return global;
  },
});

/** HTML event handler attributes of the global scope. */
for (const type of ["error", "rejectionhandled", "unhandledrejection"]) {
  const attribute = {
    get [`on${type}`]() {
      return getGlobalHandler(type);
    },
    set [`on${type}`](value) {
      setGlobalHandler(type, value);
    },
  };
  const { get, set } = ObjectGetOwnPropertyDescriptor(attribute, `on${type}`);
  ObjectDefineProperty(global, `on${type}`, { __proto__: null, get, set, enumerable: true, configurable: true });
}

let hasNode = false;

/** `Cloudflare.compatibilityFlags`: those of Workers that are as good as set here, and that packages ask for. */
function createCloudflare() {
  const compatibilityFlags = {
    __proto__: null,
    nodejs_als: hasNode,
    nodejs_compat: hasNode,
    nodejs_compat_v2: hasNode,
    export_commonjs_default: true,
    fetch_refuses_unknown_protocols: true,
    formdata_parser_supports_files: true,
    global_navigator: true,
    nodejs_compat_populate_process_env: hasNode,
    streams_enable_constructors: true,
    transformstream_enable_standard_constructor: true,
    url_standard: true,
    urlpattern_standard: true,
    web_socket_compression: true,
    workers_api_getters_setters_on_prototype: true,
  };
  return { __proto__: null, Cloudflare: { compatibilityFlags: ObjectFreeze(compatibilityFlags) } };
}
defineLazily(global, ["Cloudflare"], createCloudflare);

/**
 * The globals of Node.js, for programs that have its modules; each module is loaded when a global of it is first looked at.
 */
function defineNodeGlobals() {
  hasNode = true;
  defineInterfaces({ global });
  defineLazily(global, ["process"], () => ({ __proto__: null, process: ops.builtinModule("node:process") }));
  defineLazily(global, ["Buffer"], () => ops.builtinModule("node:buffer"));
  const timers = ["clearImmediate", "clearInterval", "clearTimeout", "setImmediate", "setInterval", "setTimeout"];
  defineLazily(global, timers, () => ops.builtinModule("node:timers"), true);
}

/** The functions that Rust calls, by name. */
export const entry = {
  __proto__: null,
  abortRequest,
  beforeMain,
  builtInModule,
  checkExports,
  closeWebSockets,
  createAssetsBinding,
  configureBudget(options) {
    captureFloat16Array(global.Float16Array);
    configureBudget(options);
    defineWasmStreaming();
  },
  defineNodeGlobals,
  dispatchRequest,
  dispatchScheduled,
  fetchFailed,
  fetchResponded,
  fetchSlotFree,
  fireTimer,
  generatorNext: GeneratorPrototypeNext,
  handlesScheduled,
  inspect,
  rejectionHandled,
  removeSharedMemory,
  responseHandedOn,
  resumeFetch,
  resumeResponse,
  setEnvironment,
  startApp,
  unhandledRejection,
};
