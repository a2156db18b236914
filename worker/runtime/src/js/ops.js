// The native operations and nano's version, captured before any app code can run. `globalThis.__nano` exists only while the
// builtins are evaluated; bootstrap.js deletes it.
export const ops = globalThis.__nano.ops;
export const version = globalThis.__nano.version;
