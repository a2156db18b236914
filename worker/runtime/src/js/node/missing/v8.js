// node:v8: an app knows nothing of its heap.

import { missingClass, missingFunctions } from "../internal/missing.js";

const names = [
  "deserialize", "getHeapCodeStatistics", "getHeapSnapshot", "getHeapSpaceStatistics", "getHeapStatistics", "serialize", "setFlagsFromString",
  "takeCoverage", "writeHeapSnapshot",
];

export const moduleExports = {
  ...missingFunctions("v8", names),
  Deserializer: missingClass("v8", "Deserializer"),
  Serializer: missingClass("v8", "Serializer"),
  cachedDataVersionTag: () => 0,
};
