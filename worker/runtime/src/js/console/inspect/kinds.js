// What V8 says a value is, whatever its prototype pretends. The numbers are those that `ops.valueKind` (ops/inspect.rs)
// returns.

export const kOrdinary = 0;
export const kProxy = 1;
export const kMap = 2;
export const kSet = 3;
export const kTypedArray = 4;
export const kMapIterator = 5;
export const kSetIterator = 6;
export const kArguments = 7;
export const kRegExp = 8;
export const kDate = 9;
export const kNativeError = 10;
export const kArrayBuffer = 11;
export const kSharedArrayBuffer = 12;
export const kDataView = 13;
export const kPromise = 14;
export const kWeakSet = 15;
export const kWeakMap = 16;
export const kModuleNamespace = 17;
export const kNumberObject = 18;
export const kStringObject = 19;
export const kBooleanObject = 20;
export const kBigIntObject = 21;
export const kSymbolObject = 22;
export const kFunction = 23;
export const kAsyncFunction = 24;
export const kGeneratorFunction = 25;
export const kAsyncGeneratorFunction = 26;
