// The names that code finds in its scope.

const language = `
  AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date
  DisposableStack Error EvalError FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array
  Int8Array Intl Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set
  SharedArrayBuffer String SuppressedError Symbol SyntaxError Temporal TypeError URIError Uint16Array Uint32Array Uint8Array
  Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval
  globalThis isFinite isNaN parseFloat parseInt undefined unescape`;

// What bootstrap.js defines, and CLI of `nano run`.
const platform = `
  AbortController AbortSignal Blob BroadcastChannel ByteLengthQueuingStrategy CLI CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent
  DOMException DecompressionStream ErrorEvent Event EventSource EventTarget ExecutionContext ExtendableEvent FetchEvent File FixedLengthStream FormData HTMLRewriter Headers IdentityTransformStream MessageChannel MessageEvent MessagePort Navigator Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList
  PromiseRejectionEvent ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest
  ReadableStreamDefaultController ReadableStreamDefaultReader Request Response ScheduledController ScheduledEvent ServiceWorkerGlobalScope SubtleCrypto TextDecoder TextDecoderStream
  TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL URLPattern URLSearchParams WorkerGlobalScope WritableStream
  WritableStreamDefaultController WritableStreamDefaultWriter addEventListener atob btoa clearInterval clearTimeout console crypto
  dispatchEvent fetch navigator onerror onrejectionhandled onunhandledrejection performance queueMicrotask removeEventListener
  reportError scheduler self setInterval setTimeout structuredClone`;

const names = (list) => list.trim().split(/\s+/);
const all = (list, value) => Object.fromEntries(names(list).map((name) => [name, value]));

export const platformGlobals = { ...all(language, "readonly"), ...all(platform, "readonly") };

// A builtin finds nothing but constants: all else, `globalThis` too, can be replaced by an app, so it comes from primordials or from
// another builtin.
export const builtinGlobals = {
  ...all(language, "off"), ...all(platform, "off"),
  undefined: "readonly", NaN: "readonly", Infinity: "readonly",
};
