// What Emscripten's loader looks at where it finds itself in a worker.
globalThis.location ??= { href: "" };
