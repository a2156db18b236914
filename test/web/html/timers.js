// Delays of timers are of the type `long`: they wrap at 2^32, and from 2^31 on they are negative, which is none.

import { done, equal, test } from "./harness.js";

const at = (delay, set = setTimeout) => new Promise((resolve) => {
  const id = set(() => {
    clearTimeout(id);
    resolve(delay);
  }, delay);
});

// Timers that are due fire in order, so who comes first tells the delays apart, on the slowest machine too.
test("the delays that wrap", async () => {
  for (const set of [setTimeout, setInterval]) {
    for (const [sooner, later] of [
      [0, 2 ** 32 + 60],
      [2 ** 32 + 1, 60],
      [2 ** 31, 60],
      [2 ** 32 - 1, 60],
      [-(2 ** 32) - 5, 60],
      [NaN, 60],
      [Infinity, 60],
      [-Infinity, 60],
      [-1, 60],
      ["x", 60],
      [undefined, 60],
      [null, 60],
      [10, -(2 ** 32) + 60],
      [10, 2 ** 33 + 60.9],
      [10, 3 * 2 ** 32 + 60],
      [10, { valueOf: () => 2 ** 32 + 60 }],
    ]) {
      const last = at(later, set);
      equal(await Promise.race([at(sooner, set), last]), sooner, `${String(sooner)} before ${String(later)}`);
      await last;
    }
  }
});

test("a delay beyond the range is none at all, and one within is kept", async () => {
  // Nothing fires in the meantime that has weeks to wait.
  for (const delay of [2 ** 31 - 1, 2 ** 32 + 2 ** 31 - 1]) {
    const id = setTimeout(() => {
      throw new Error("too soon");
    }, delay);
    await at(1);
    await at(1);
    clearTimeout(id);
  }
});

test("a delay that is no number", () => {
  for (const delay of [1n, Symbol("x")]) {
    let name;
    try {
      setTimeout(() => {}, delay);
    } catch (error) {
      ({ name } = error);
    }
    equal(name, "TypeError");
  }
});

test("AbortSignal.timeout() waits longer than a long can say", async () => {
  const signal = AbortSignal.timeout(2 ** 32 + 1);
  const longest = AbortSignal.timeout(Number.MAX_SAFE_INTEGER);
  await at(30);
  equal(signal.aborted, false);
  equal(longest.aborted, false);
});

done();
