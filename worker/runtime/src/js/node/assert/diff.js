// The difference of two lists of lines, by the algorithm of E. W. Myers ("An O(ND) difference algorithm and its variations"), as
// messages of node:assert show it.

import { primordials } from "../../primordials.js";

const { ArrayPrototypePush, Int32Array, MathMin, StringPrototypeEndsWith } = primordials;

export const kSame = 0;
export const kActual = 1;
const kExpected = -1;

/** Lists that differ in more lines are shown one behind the other: what is kept grows with the square of that. */
const kMost = 1000;

/** `ignoresCommas`: a comma at the end of a line makes no difference. Returns `{ kind, line }` in their order. */
export function diffLines(actual, expected, ignoresCommas) {
  const isEqual = (one, other) => one === other || (ignoresCommas && (`${one},` === other || one === `${other},`));
  const trace = [];
  const most = MathMin(actual.length + expected.length, kMost);
  const ends = new Int32Array(2 * most + 3);
  const middle = most + 1;
  for (let level = 0; level <= most; level++) {
    // What is needed of the level before: its own diagonals alone.
    const kept = new Int32Array(2 * level + 3);
    for (let at = 0; at < kept.length; at++) kept[at] = ends[middle - level - 1 + at] ?? 0;
    ArrayPrototypePush(trace, kept);
    for (let diagonal = -level; diagonal <= level; diagonal += 2) {
      const isDown = diagonal === -level || (diagonal !== level && ends[middle + diagonal - 1] < ends[middle + diagonal + 1]);
      let x = isDown ? ends[middle + diagonal + 1] : ends[middle + diagonal - 1] + 1;
      let y = x - diagonal;
      while (x < actual.length && y < expected.length && isEqual(actual[x], expected[y])) {
        x++;
        y++;
      }
      ends[middle + diagonal] = x;
      if (x >= actual.length && y >= expected.length) return walkBack(trace, actual, expected, ignoresCommas);
    }
  }
  return oneBehindTheOther(actual, expected);
}

/** From the end to the beginning: the last lines come first. */
function walkBack(trace, actual, expected, ignoresCommas) {
  const result = [];
  let x = actual.length;
  let y = expected.length;
  const same = () => {
    const line = actual[--x];
    const other = expected[--y];
    ArrayPrototypePush(result, { kind: kSame, line: ignoresCommas && !StringPrototypeEndsWith(line, ",") ? other : line });
  };
  for (let level = trace.length - 1; level >= 0; level--) {
    const ends = trace[level];
    const diagonal = x - y;
    const at = diagonal + level + 1;
    const isDown = diagonal === -level || (diagonal !== level && ends[at - 1] < ends[at + 1]);
    const beforeX = isDown ? ends[at + 1] : ends[at - 1];
    const beforeY = beforeX - (isDown ? diagonal + 1 : diagonal - 1);
    while (x > beforeX && y > beforeY) same();
    if (level === 0) continue;
    if (x > beforeX) ArrayPrototypePush(result, { kind: kActual, line: actual[--x] });
    else ArrayPrototypePush(result, { kind: kExpected, line: expected[--y] });
  }
  return reversed(result);
}

function reversed(list) {
  const result = [];
  for (let at = list.length - 1; at >= 0; at--) ArrayPrototypePush(result, list[at]);
  return result;
}

function oneBehindTheOther(actual, expected) {
  const result = [];
  for (let at = 0; at < actual.length; at++) ArrayPrototypePush(result, { kind: kActual, line: actual[at] });
  for (let at = 0; at < expected.length; at++) ArrayPrototypePush(result, { kind: kExpected, line: expected[at] });
  return result;
}
