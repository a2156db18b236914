// node:stream (nodejs.org/api/stream.html). The module is the class Stream, and has the others.

import { primordials } from "../primordials.js";
import { FastBuffer, isUint8Array } from "./buffer/create.js";
import { typeError } from "./internal/errors.js";
import { addAbortSignal } from "./stream/abort_signal.js";
import { compose } from "./stream/compose.js";
import { getDefaultHighWaterMark, setDefaultHighWaterMark } from "./stream/defaults.js";
import { destroyer } from "./stream/destroy.js";
import { Duplex } from "./stream/duplex.js";
import { duplexPair } from "./stream/duplex_pair.js";
import { duplexFrom } from "./stream/duplexify.js";
import { eos } from "./stream/finished.js";
import { from } from "./stream/from.js";
import { isDestroyed, isDisturbed, isErrored, isReadable, isWritable } from "./stream/kinds.js";
import { Stream } from "./stream/legacy.js";
import { promiseOperators, streamOperators } from "./stream/operators.js";
import { pipeline } from "./stream/pipeline.js";
import { moduleExports as promises } from "./stream/promises.js";
import { Readable } from "./stream/readable.js";
import { installIterators } from "./stream/readable_iterator.js";
import { duplexToWeb, readableToWeb, writableToWeb } from "./stream/to_web.js";
import { PassThrough, Transform } from "./stream/transform.js";
import { duplexFromWeb, readableFromWeb, writableFromWeb } from "./stream/web_adapters.js";
import { Writable } from "./stream/writable.js";

const { ArrayBufferIsView, ObjectDefineProperties, ObjectDefineProperty, ObjectKeys, ReflectApply, SymbolFor } = primordials;

const kPromisify = SymbolFor("nodejs.util.promisify.custom");

installIterators();

/** Gives Readable.prototype what operators do. */
function defineOperators(operators, convert) {
  const names = ObjectKeys(operators);
  for (let at = 0; at < names.length; at++) {
    const operator = operators[names[at]];
    const method = function (...args) {
      if (new.target) throw typeError("ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
      return convert(ReflectApply(operator, this, args));
    };
    const fixed = { __proto__: null, configurable: true };
    ObjectDefineProperties(method, { name: { ...fixed, value: operator.name }, length: { ...fixed, value: operator.length } });
    ObjectDefineProperty(Readable.prototype, names[at], {
      __proto__: null, value: method, enumerable: false, configurable: true, writable: true,
    });
  }
}
defineOperators(streamOperators, (result) => from(Readable, result));
defineOperators(promiseOperators, (result) => result);

Readable.from = (iterable, options) => from(Readable, iterable, options);
Readable.fromWeb = readableFromWeb;
Readable.toWeb = readableToWeb;
Writable.fromWeb = writableFromWeb;
Writable.toWeb = writableToWeb;
Duplex.fromWeb = duplexFromWeb;
Duplex.toWeb = duplexToWeb;
Duplex.from = (body) => duplexFrom(body);

const statics = {
  isDestroyed, isDisturbed, isErrored, isReadable, isWritable, Readable, Writable, Duplex, Transform, PassThrough, duplexPair, pipeline,
  addAbortSignal, finished: eos, destroy: destroyer, compose, setDefaultHighWaterMark, getDefaultHighWaterMark, promises, Stream,
  _isArrayBufferView: ArrayBufferIsView,
  _isUint8Array: isUint8Array,
  _uint8ArrayToBuffer: (chunk) => new FastBuffer(chunk.buffer, chunk.byteOffset, chunk.byteLength),
};
const names = ObjectKeys(statics);
for (let at = 0; at < names.length; at++) Stream[names[at]] = statics[names[at]];

ObjectDefineProperty(pipeline, kPromisify, { __proto__: null, enumerable: true, value: promises.pipeline });
ObjectDefineProperty(eos, kPromisify, { __proto__: null, enumerable: true, value: promises.finished });

export const moduleExports = Stream;
