// What the scripts here are written with: `test(name, body)` runs one after the other and prints a TAP line each. A script
// that fails ends with an uncaught error, and so with exit status 1.
//
//     cargo run -p nano-worker -- run --expose-gc --max-buffer-size-mb 1 --max-total-buffer-mb 4 test/streams/limit.js

let last = Promise.resolve();
let count = 0;
const failures = [];

/** A test; `body` may be async. Run by `done()`. */
export function test(name, body) {
  last = last.then(async () => {
    count++;
    try {
      await within(50000, body());
      console.log(`ok ${count} - ${name}`);
    } catch (error) {
      failures.push(name);
      console.log(`not ok ${count} - ${name}\n  ${String(error?.stack ?? error).replaceAll("\n", "\n  ")}`);
    }
  });
}

/** Must end every script. */
export async function done() {
  await last;
  console.log(`1..${count}`);
  if (failures.length > 0) throw new Error(`failed: ${failures.join("; ")}`);
}

function within(milliseconds, promise) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("did not end")), milliseconds);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

export function equal(actual, expected, what = "") {
  if (!Object.is(actual, expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

export function deepEqual(actual, expected, what = "") {
  equal(show(actual), show(expected), what);
}

function show(value) {
  return JSON.stringify(value, (_, item) => {
    if (typeof item === "bigint" || typeof item === "symbol" || item === undefined) return `<${String(item)}>`;
    if (item instanceof Error) return `<${item.name}: ${item.message}>`;
    if (typeof item === "number" && !Number.isFinite(item)) return `<${item}>`;
    return item;
  });
}

export function ok(value, what) {
  if (!value) throw new Error(what);
}

/** The error that `body` throws. */
export function thrownBy(body) {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** The reason that `promise` rejects with. */
export async function reasonOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("the promise was fulfilled");
}

export async function rejectsWith(promise, constructor, message) {
  const error = await reasonOf(promise);
  ok(error instanceof constructor, `expected a ${constructor.name}, got ${error}`);
  if (message !== undefined) equal(error.message, message, "message");
  return error;
}

/** Lets microtasks run until none is left, and a turn of the event loop pass. */
export function turn() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A promise and what settles it. */
export function deferred() {
  return Promise.withResolvers();
}

/** "pending", "fulfilled" or "rejected", as of now. */
export async function stateOf(promise) {
  const pending = {};
  try {
    return (await Promise.race([promise, Promise.resolve(pending)])) === pending ? "pending" : "fulfilled";
  } catch {
    return "rejected";
  }
}

/** Handles a rejection that a test does not look at. */
export function ignore(promise) {
  promise.catch(() => {});
}
