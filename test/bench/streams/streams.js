// Chunks per second through streams. The same file for every runtime:
//
//     nano run test/bench/streams/streams.js [ROW…]        node test/bench/streams/streams.js [ROW…]
//
// Prints a line per row: its name and the best of several runs, in chunks per second. Rows are told apart by their names,
// and JSON is printed with the argument `--json`.

"use strict";

const rows = {
  "write, awaited, 1 KiB bytes": { run: awaited, chunk: () => new Uint8Array(1024) },
  "write, awaited, 1 KiB ASCII": { run: awaited, chunk: () => "x".repeat(1024) },
  "write, awaited, 1 KiB non-ASCII": { run: awaited, chunk: () => "é".repeat(512) },
  "write, awaited, different strings": { run: different, chunk: () => "é".repeat(500) },
  "write, awaited, objects": { run: awaited, chunk: () => ({ a: 1 }) },
  "write, with ready, 1 KiB bytes": { run: withReady, chunk: () => new Uint8Array(1024) },
  "write, with ready, high-water mark 16": { run: withReady16, chunk: () => new Uint8Array(1024) },
  "write, awaited, asynchronous sink": { run: asynchronousSink, chunk: () => new Uint8Array(1024) },
  "read, 1 KiB bytes": { run: read, chunk: () => new Uint8Array(1024) },
  "read by iteration, 1 KiB bytes": { run: iterate, chunk: () => new Uint8Array(1024) },
  "pipe, 1 KiB bytes": { run: pipe, chunk: () => new Uint8Array(1024) },
  "pipe through a transform, 1 KiB bytes": { run: pipeThrough, chunk: () => new Uint8Array(1024) },
  "byte stream, 64 KiB chunks": { run: byteStream, chunk: () => 65536, chunks: 20000 },
};

const CHUNKS = 200000;
const RUNS = 7;

async function awaited(chunk, chunks) {
  const writer = new WritableStream({ write() {} }).getWriter();
  for (let i = 0; i < chunks; i++) await writer.write(chunk);
  await writer.close();
}

async function different(chunk, chunks) {
  const writer = new WritableStream({ write() {} }).getWriter();
  for (let i = 0; i < chunks; i++) await writer.write(chunk + i);
  await writer.close();
}

async function withReady(chunk, chunks, strategy = undefined) {
  const writer = new WritableStream({ write() {} }, strategy).getWriter();
  for (let i = 0; i < chunks; i++) {
    await writer.ready;
    writer.write(chunk);
  }
  await writer.close();
}

function withReady16(chunk, chunks) {
  return withReady(chunk, chunks, new CountQueuingStrategy({ highWaterMark: 16 }));
}

async function asynchronousSink(chunk, chunks) {
  const writer = new WritableStream({ async write() {} }).getWriter();
  for (let i = 0; i < chunks; i++) await writer.write(chunk);
  await writer.close();
}

function source(chunk, chunks) {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent++ === chunks) controller.close();
      else controller.enqueue(chunk);
    },
  });
}

async function read(chunk, chunks) {
  const reader = source(chunk, chunks).getReader();
  while (!(await reader.read()).done);
}

async function iterate(chunk, chunks) {
  for await (const _ of source(chunk, chunks));
}

function pipe(chunk, chunks) {
  return source(chunk, chunks).pipeTo(new WritableStream({ write() {} }));
}

function pipeThrough(chunk, chunks) {
  const transform = new TransformStream({ transform(piece, controller) { controller.enqueue(piece); } });
  return source(chunk, chunks).pipeThrough(transform).pipeTo(new WritableStream({ write() {} }));
}

async function byteStream(size, chunks) {
  let sent = 0;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (sent++ === chunks) controller.close();
      else controller.enqueue(new Uint8Array(size));
    },
  });
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

async function measure({ run, chunk, chunks = CHUNKS }) {
  let best = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const begin = performance.now();
    await run(chunk(), chunks);
    best = Math.min(best, performance.now() - begin);
  }
  return Math.round((chunks / best) * 1000);
}

async function main() {
  const words = typeof process === "object" && Array.isArray(process.argv) ? process.argv.slice(2) : [];
  const asked = words.filter((word) => !word.startsWith("--"));
  const results = {};
  for (const name of Object.keys(rows)) {
    if (asked.length > 0 && !asked.some((word) => name.includes(word))) continue;
    results[name] = await measure(rows[name]);
    if (!words.includes("--json")) console.log(`${name.padEnd(42)} ${String(results[name]).padStart(10)} chunks/s`);
  }
  if (words.includes("--json")) console.log(JSON.stringify(results));
}

main();
