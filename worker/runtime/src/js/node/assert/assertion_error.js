// assert.AssertionError (nodejs.org/api/assert.html#class-assertassertionerror), whose message shows what differs.

import { customInspect, inspect } from "../../console/inspect.js";
import { primordials } from "../../primordials.js";
import { validateObject } from "../internal/validators.js";
import { diffLines, kActual, kSame } from "./diff.js";

const {
  ArrayPrototypeJoin, ArrayPrototypeSlice, Error, ErrorCaptureStackTrace, ObjectAssign, ObjectDefineProperty, ObjectGetPrototypeOf,
  ObjectPrototypeHasOwnProperty, String, StringPrototypeRepeat, StringPrototypeSlice, StringPrototypeSplit, StringPrototypeTrimEnd,
} = primordials;

const messages = {
  __proto__: null,
  deepStrictEqual: "Expected values to be strictly deep-equal:",
  partialDeepStrictEqual: "Expected values to be partially and strictly deep-equal:",
  strictEqual: "Expected values to be strictly equal:",
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: "Expected values to be loosely deep-equal:",
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: "Values identical but not reference-equal:",
  notDeepEqualUnequal: "Expected values not to be loosely deep-equal:",
};

/** Lines that are the same are left out where there are more. */
const kShownSame = 5;
const kShownLines = 50;
const kShownText = 512;
/** Two values that are so short together stand in one line. */
const kShort = 12;

function show(value) {
  return inspect(value, {
    compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, showHidden: false, showProxy: false, sorted: true,
    getters: true,
  });
}

function showsDiff(operator) {
  return operator === "deepStrictEqual" || operator === "strictEqual" || operator === "partialDeepStrictEqual";
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}

/** What of an error is compared, without its stack. */
function copyError(source) {
  const target = ObjectAssign({ __proto__: ObjectGetPrototypeOf(source) }, source);
  ObjectDefineProperty(target, "message", { __proto__: null, value: source.message });
  if (ObjectPrototypeHasOwnProperty(source, "cause")) {
    const { cause } = source;
    ObjectDefineProperty(target, "cause", { __proto__: null, value: cause instanceof Error ? copyError(cause) : cause });
  }
  return target;
}

/** Two values of one line each. */
function simpleDiff(actual, shownActual, expected, shownExpected, header) {
  const quotes = (typeof actual === "string" ? 2 : 0) + (typeof expected === "string" ? 2 : 0);
  const length = shownActual.length + shownExpected.length;
  if (length - quotes <= kShort && (actual !== 0 || expected !== 0)) return `\n${shownActual} !== ${shownExpected}\n`;
  let text = `${header}\n\n+ ${shownActual}\n- ${shownExpected}`;
  if (typeof actual === "string" && typeof expected === "string" && length <= 80) {
    let at = 0;
    while (at < shownActual.length && shownActual[at] === shownExpected[at]) at++;
    if (at >= 3 && at < shownActual.length) text += `\n${StringPrototypeRepeat(" ", at + 2)}^`;
  }
  return `${text}\n`;
}

function linesDiff(lines) {
  let text = "";
  let isSkipped = false;
  for (let at = 0; at < lines.length;) {
    const { kind, line } = lines[at];
    if (kind !== kSame) {
      text += `${kind === kActual ? "+" : "-"} ${line}\n`;
      at++;
      continue;
    }
    let end = at;
    while (end < lines.length && lines[end].kind === kSame) end++;
    const count = end - at;
    // Behind the last difference, what is too much is not even counted.
    const isLast = end === lines.length;
    const isLong = count > kShownSame + 2;
    const shown = count <= kShownSame || (!isLast && !isLong) ? count : kShownSame;
    for (let index = 0; index < shown; index++) text += `  ${lines[at + index].line}\n`;
    if (isLong && !isLast) {
      text += `...\n  ${lines[end - 1].line}\n`;
      isSkipped = true;
    }
    at = end;
  }
  return { text: StringPrototypeTrimEnd(text), isSkipped };
}

function differenceMessage(actual, expected, operator, given, isFull) {
  const shownActual = show(actual);
  const shownExpected = show(expected);
  const linesActual = StringPrototypeSplit(shownActual, "\n");
  const linesExpected = StringPrototypeSplit(shownExpected, "\n");
  let name = operator;
  const areFunctions = typeof actual === "function" && typeof expected === "function";
  if (operator === "strictEqual" && ((isObject(actual) && isObject(expected)) || areFunctions)) name = "strictEqualObject";
  const header = "+ actual - expected";
  if (linesActual.length === 1 && linesExpected.length === 1 && (!isObject(actual) || !isObject(expected))) {
    return `${given || messages[name]}\n${simpleDiff(actual, shownActual, expected, shownExpected, header)}`;
  }
  if (shownActual === shownExpected) {
    const isLong = linesActual.length > kShownLines && !isFull;
    const shown = isLong ? `${ArrayPrototypeJoin(ArrayPrototypeSlice(linesActual, 0, kShownLines), "\n")}\n...}` : shownActual;
    return `${given || messages.notIdentical}\n${isLong ? "\n... Skipped lines" : ""}\n${shown}\n`;
  }
  const { text, isSkipped } = linesDiff(diffLines(linesActual, linesExpected, isObject(actual)));
  return `${given || messages[name]}\n${header}${isSkipped ? "\n... Skipped lines" : ""}\n\n${text}\n`;
}

function unequalMessage(actual, operator, isFull) {
  const isReference = operator === "notStrictEqual" && (isObject(actual) || typeof actual === "function");
  const base = isReference ? messages.notStrictEqualObject : messages[operator];
  let lines = StringPrototypeSplit(show(actual), "\n");
  if (lines.length > kShownLines && !isFull) {
    lines = ArrayPrototypeSlice(lines, 0, 47);
    lines[46] = "...";
  }
  if (lines.length === 1) return `${base}${lines[0].length > 5 ? "\n\n" : " "}${lines[0]}`;
  return `${base}\n\n${ArrayPrototypeJoin(lines, "\n")}\n`;
}

function shorten(text, most, isFull) {
  return text.length > most && !isFull ? `${StringPrototypeSlice(text, 0, most - 3)}...` : text;
}

function otherMessage(actual, expected, operator, isFull) {
  const one = show(actual);
  const other = show(expected);
  if (operator === "notDeepEqual" && one === other) return shorten(`${messages.notDeepEqual}\n\n${one}`, 1024, isFull);
  const first = shorten(one, kShownText, isFull);
  const second = shorten(other, kShownText, isFull);
  if (operator === "deepEqual") return `${messages.deepEqual}\n\n${first}\n\nshould loosely deep-equal\n\n${second}`;
  if (operator === "notDeepEqual") return `${messages.notDeepEqualUnequal}\n\n${first}\n\nshould not loosely deep-equal\n\n${second}`;
  return `${first} ${operator} ${second}`;
}

function messageOf({ actual, expected, message, operator, diff }) {
  const isFull = diff === "full";
  const isGiven = message !== undefined && message !== null;
  if (showsDiff(operator)) return differenceMessage(actual, expected, operator, isGiven ? message : undefined, isFull);
  if (isGiven) return String(message);
  if (operator === "notDeepStrictEqual" || operator === "notStrictEqual") return unequalMessage(actual, operator, isFull);
  return otherMessage(actual, expected, operator, isFull);
}

export class AssertionError extends Error {
  constructor(options) {
    validateObject(options, "options");
    const { message, operator, stackStartFn, stackStartFunction, diff = "simple" } = options;
    let { actual, expected } = options;
    const isGiven = message !== undefined && message !== null;
    if (!isGiven && actual instanceof Error && expected instanceof Error) {
      actual = copyError(actual);
      expected = copyError(expected);
    }
    super(messageOf({ actual, expected, message, operator, diff }));
    this.generatedMessage = !message;
    ObjectDefineProperty(this, "name", {
      __proto__: null, value: "AssertionError [ERR_ASSERTION]", enumerable: false, writable: true, configurable: true,
    });
    this.code = "ERR_ASSERTION";
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    ErrorCaptureStackTrace(this, stackStartFn || stackStartFunction);
    // Read once, so that the stack begins with both.
    void this.stack;
    this.name = "AssertionError";
    this.diff = diff;
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  [customInspect](depth, context) {
    const { actual, expected } = this;
    this.actual = typeof actual === "string" ? shortText(actual) : actual;
    this.expected = typeof expected === "string" ? shortText(expected) : expected;
    try {
      return inspect(this, { ...context, customInspect: false, depth: 0 });
    } finally {
      this.actual = actual;
      this.expected = expected;
    }
  }
}

function shortText(text) {
  const lines = StringPrototypeSplit(text, "\n", 11);
  if (lines.length > 10) return `${ArrayPrototypeJoin(ArrayPrototypeSlice(lines, 0, 10), "\n")}\n...`;
  return text.length > kShownText ? `${StringPrototypeSlice(text, 0, kShownText)}...` : text;
}
