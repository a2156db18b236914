// Chunks per second through streams: what is measured, the same in every runtime. streams.js prints all rows in the
// runtime at hand; ../peers.py compares runtimes.

export const rows = {
  "write, awaited, 1 KiB bytes": { run: awaited, chunk: () => new Uint8Array(1024) },
  "write, awaited, 1 KiB ASCII": { run: awaited, chunk: () => "x".repeat(1024) },
  "write, awaited, 1 KiB non-ASCII": { run: awaited, chunk: () => "é".repeat(512) },
  "write, awaited, 1 KiB ASCII, all different": { run: different, chunk: () => "x".repeat(1018) },
  "write, awaited, 1 KiB non-ASCII, all different": { run: different, chunk: () => "я".repeat(509) },
  "write, awaited, objects": { run: awaited, chunk: () => ({ a: 1 }) },
  "write, with ready, 1 KiB bytes": { run: withReady, chunk: () => new Uint8Array(1024) },
  "write, with ready, high-water mark 16": { run: withReady16, chunk: () => new Uint8Array(1024) },
  "write, awaited, asynchronous sink": { run: asynchronousSink, chunk: () => new Uint8Array(1024) },
  "read, 1 KiB bytes": { run: read, chunk: () => new Uint8Array(1024) },
  "read by iteration, 1 KiB bytes": { run: iterate, chunk: () => new Uint8Array(1024) },
  "pipe, 1 KiB bytes": { run: pipe, chunk: () => new Uint8Array(1024) },
  "pipe, 64 KiB bytes": { run: pipe, chunk: () => new Uint8Array(65536) },
  "pipe through a transform, 1 KiB bytes": { run: pipeThrough, chunk: () => new Uint8Array(1024) },
  "byte stream, a new buffer of 64 KiB each": { run: byteStream, chunk: () => 65536 },
};

async function awaited(chunk, chunks) {
  const writer = new WritableStream({ write() {} }).getWriter();
  for (let i = 0; i < chunks; i++) await writer.write(chunk);
  await writer.close();
}

async function different(chunk, chunks) {
  const writer = new WritableStream({ write() {} }).getWriter();
  for (let i = 0; i < chunks; i++) await writer.write(chunk + (100000 + i));
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

// Short, so that some are not interrupted by anything else on the machine.
const RUN_MS = 30;
const RUNS = 15;

/**
 * The best of several runs of a row, in chunks per second. Each run has as many chunks as take about RUN_MS. `now` is the
 * clock, in milliseconds; it may return a promise.
 */
export async function measure(name, now = () => performance.now()) {
  const { run, chunk } = rows[name];
  const time = async (chunks) => {
    const begin = await now();
    await run(chunk(), chunks);
    return (await now()) - begin;
  };
  let chunks = 2000;
  for (let took = await time(chunks); took < RUN_MS / 2; took = await time(chunks)) {
    chunks *= Math.min(8, Math.max(2, Math.round(RUN_MS / Math.max(took, 1))));
  }
  let best = Infinity;
  for (let i = 0; i < RUNS; i++) best = Math.min(best, await time(chunks));
  return Math.round((chunks / best) * 1000);
}
