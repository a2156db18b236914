// node:v8: an app knows nothing of its heap: statistics are zeros, and nothing is measured.

import { primordials } from "../../primordials.js";
import { hollowClass, missingClass, missingFunctions } from "../internal/missing.js";

const { RegExpPrototypeTest } = primordials;

const names = [
  "deserialize", "getHeapSnapshot", "queryObjects", "serialize", "setFlagsFromString", "startCpuProfile", "startHeapProfile", "writeHeapSnapshot",
];

function zeros(keys) {
  const statistics = {};
  for (let at = 0; at < keys.length; at++) statistics[keys[at]] = 0;
  return statistics;
}

export const moduleExports = {
  ...missingFunctions("v8", names),
  DefaultDeserializer: missingClass("v8", "DefaultDeserializer"),
  DefaultSerializer: missingClass("v8", "DefaultSerializer"),
  Deserializer: missingClass("v8", "Deserializer"),
  GCProfiler: hollowClass("v8", "GCProfiler", ["start", "stop"]),
  Serializer: missingClass("v8", "Serializer"),
  cachedDataVersionTag: () => 0,
  getCppHeapStatistics: () => ({ ...zeros(["committed_size_bytes", "resident_size_bytes", "used_size_bytes"]), space_statistics: [], type_names: [], detail_level: "brief" }),
  getHeapCodeStatistics: () => zeros(["code_and_metadata_size", "bytecode_and_metadata_size", "external_script_source_size", "cpu_profiler_metadata_size"]),
  getHeapSpaceStatistics: () => [],
  getHeapStatistics: () => zeros([
    "total_heap_size", "total_heap_size_executable", "total_physical_size", "total_available_size", "used_heap_size", "heap_size_limit",
    "malloced_memory", "peak_malloced_memory", "does_zap_garbage", "number_of_native_contexts", "number_of_detached_contexts",
    "total_global_handles_size", "used_global_handles_size", "external_memory",
  ]),
  isStringOneByteRepresentation: (content) => RegExpPrototypeTest(/^[\u0000-\u00ff]*$/, `${content}`),
  promiseHooks: missingFunctions("v8", ["createHook", "onAfter", "onBefore", "onInit", "onSettled"]),
  setHeapSnapshotNearHeapLimit() {},
  startupSnapshot: {
    ...missingFunctions("v8", ["addAfterUserSerializeDeserializeHook", "addDeserializeCallback", "addSerializeCallback", "setDeserializeMainFunction"]),
    isBuildingSnapshot: () => false,
  },
  stopCoverage() {},
  takeCoverage() {},
};
