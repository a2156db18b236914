// What the buffer limit's accounting costs a write: nano's own streams under Node, as they are and with budget.js taken
// out, in turns in one process. `node test/bench/streams/accounting.mjs`; the natives are stood in for by Node's.

import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { types } from "node:util";

const builtins = join(dirname(fileURLToPath(import.meta.url)), "../../../worker/runtime/src/js");

// What budget.js exports, doing nothing.
const nothing = `
export const CHUNK_OVERHEAD = 0;
export const CAUSE_OVERFLOW = 1, CAUSE_SINK = 2, CAUSE_ABORT = 3, CAUSE_CONTROLLER = 4;
export function configureBudget() {}
export function registerBlobSize() {}
export function countErrored() {}
export class Account {}
export function charge() { return true; }
export function release() {}
export function releaseAllBut() {}
export function overflowError() {}
export function guard() {}
export function fitsAlone() { return true; }
export function chargeAfterAll() {}
export function chunkCost() { return 0; }
export function chunkCostAtMost() { return 0; }
`;

globalThis.__nano = {
  ops: {
    utf8Length: (string) => Buffer.byteLength(string),
    arrayBufferByteLength: (value) => (types.isAnyArrayBuffer(value) ? value.byteLength : -1),
    markPromiseHandled: (promise) => promise.catch(() => {}),
    promiseHasHandler: () => true,
    valueKind: (value) => (types.isPromise(value) ? 14 : 0),
  },
};

async function load(directory) {
  return (await import(pathToFileURL(join(directory, "streams/writable_stream.js")))).WritableStream;
}

// Short enough that most slices are not interrupted by anything else on the machine.
const WRITES = 20000;
const ROUNDS = 400;

async function nanosecondsPerWrite(writer, chunk) {
  const begin = performance.now();
  for (let i = 0; i < WRITES; i++) await writer.write(chunk);
  return ((performance.now() - begin) * 1e6) / WRITES;
}

// What else runs on the machine makes slices slower, never faster: the lower quartile is of those that it left alone.
function lowerQuartile(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 2];
}

const directory = await mkdtemp(join(tmpdir(), "nano-bench-"));
try {
  const [limited, unlimited] = [join(directory, "limited"), join(directory, "unlimited")];
  for (const copy of [limited, unlimited]) {
    await cp(builtins, copy, { recursive: true });
    await writeFile(join(copy, "package.json"), '{ "type": "module" }');
  }
  await writeFile(join(unlimited, "streams/budget.js"), nothing);
  const kinds = [await load(limited), await load(unlimited)];
  for (const [name, chunk] of [["bytes", new Uint8Array(1024)], ["ASCII", "x".repeat(1024)], ["non-ASCII", "é".repeat(512)]]) {
    const writers = kinds.map((WritableStream) => new WritableStream({ write() {} }).getWriter());
    for (const writer of writers) await nanosecondsPerWrite(writer, chunk);
    const slices = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      // Each is first as often as the other.
      for (const i of round % 2 ? [0, 1] : [1, 0]) slices[i].push(await nanosecondsPerWrite(writers[i], chunk));
    }
    const [with_, without] = slices.map(lowerQuartile);
    const share = ((with_ - without) / with_) * 100;
    console.log(`${name.padEnd(10)} ${with_.toFixed(1)} ns a write, ${without.toFixed(1)} without: ${share.toFixed(1)} %`);
  }
} finally {
  await rm(directory, { recursive: true });
}
