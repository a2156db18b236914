// node:test: apps are not tested where they serve.

import { primordials } from "../../primordials.js";
import { hollowClass, missingFunctions } from "../internal/missing.js";

const { ObjectAssign } = primordials;

const functions = missingFunctions("test", [
  "after", "afterEach", "before", "beforeEach", "describe", "it", "only", "run", "skip", "suite", "test", "todo",
]);
const MockTracker = hollowClass("test", "MockTracker", ["fn", "getter", "method", "module", "reset", "restoreAll", "setter"]);

export const moduleExports = ObjectAssign(functions.test, functions, {
  MockFunctionContext: hollowClass("test", "MockFunctionContext", ["callCount", "mockImplementation", "mockImplementationOnce", "resetCalls", "restore"]),
  MockTimers: hollowClass("test", "MockTimers", ["enable", "reset", "runAll", "setTime", "tick"]),
  MockTracker,
  assert: {},
  mock: new MockTracker(),
  snapshot: {},
});
