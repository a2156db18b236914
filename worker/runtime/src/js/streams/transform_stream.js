// TransformStream (https://streams.spec.whatwg.org/#ts-class).

import { primordials } from "../primordials.js";
import { configureInterface, conversionError, illegalInvocation, isObject } from "../webidl.js";
import { LazyPromise, resolveWithValue } from "./lazy_promise.js";
import { convertQueuingStrategy, ExtractHighWaterMark, ExtractSizeAlgorithm } from "./queuing_strategy.js";
import { createReadableStreamObject } from "./readable_stream.js";
import { SetUpTransformStreamDefaultControllerFromTransformer } from "./transform/controller_operations.js";
import { TransformStreamSlots } from "./transform/slots.js";
import { InitializeTransformStream } from "./transform/stream_operations.js";
import { createWritableStreamObject } from "./writable_stream.js";

const { RangeError, ReflectApply } = primordials;

export class TransformStream {
  #slots;
  #readable;
  #writable;

  constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
    const prefix = "Failed to construct 'TransformStream'";
    if (transformer !== undefined && !isObject(transformer)) {
      throw conversionError(prefix, "Argument 1", "is not an object");
    }
    const writableStrategyDict = convertQueuingStrategy(writableStrategy, prefix, "Argument 2");
    const readableStrategyDict = convertQueuingStrategy(readableStrategy, prefix, "Argument 3");
    const transformerDict = convertTransformer(transformer, prefix);
    if (transformerDict.readableType !== undefined) {
      throw new RangeError(`${prefix}: a transformer must not have a 'readableType' (there are no types yet)`);
    }
    if (transformerDict.writableType !== undefined) {
      throw new RangeError(`${prefix}: a transformer must not have a 'writableType' (there are no types yet)`);
    }
    const readableHighWaterMark = ExtractHighWaterMark(readableStrategyDict, 0);
    const readableSizeAlgorithm = ExtractSizeAlgorithm(readableStrategyDict);
    const writableHighWaterMark = ExtractHighWaterMark(writableStrategyDict, 1);
    const writableSizeAlgorithm = ExtractSizeAlgorithm(writableStrategyDict);
    const startPromise = new LazyPromise();
    const slots = new TransformStreamSlots();
    this.#slots = slots;
    InitializeTransformStream(
      slots, startPromise, writableHighWaterMark, writableSizeAlgorithm, readableHighWaterMark, readableSizeAlgorithm,
    );
    this.#readable = createReadableStreamObject(slots.readable);
    this.#writable = createWritableStreamObject(slots.writable);
    SetUpTransformStreamDefaultControllerFromTransformer(slots, transformer, transformerDict);
    const { start } = transformerDict;
    const startResult = start === undefined ? undefined : ReflectApply(start, transformer, [slots.controller.object]);
    resolveWithValue(startPromise, startResult);
  }

  get readable() {
    if (!(#slots in this)) throw illegalInvocation("TransformStream");
    return this.#readable;
  }

  get writable() {
    if (!(#slots in this)) throw illegalInvocation("TransformStream");
    return this.#writable;
  }
}

configureInterface(TransformStream);

/** Converts to the dictionary Transformer: its members undefined where absent. */
function convertTransformer(transformer, prefix) {
  const dictionary = {
    __proto__: null,
    cancel: undefined,
    flush: undefined,
    readableType: undefined,
    start: undefined,
    transform: undefined,
    writableType: undefined,
  };
  if (transformer === undefined) return dictionary;
  dictionary.cancel = convertMethod(transformer.cancel, prefix, "cancel");
  dictionary.flush = convertMethod(transformer.flush, prefix, "flush");
  dictionary.readableType = transformer.readableType;
  dictionary.start = convertMethod(transformer.start, prefix, "start");
  dictionary.transform = convertMethod(transformer.transform, prefix, "transform");
  dictionary.writableType = transformer.writableType;
  return dictionary;
}

function convertMethod(method, prefix, name) {
  if (method === undefined || typeof method === "function") return method;
  throw conversionError(prefix, `'${name}' of 'Transformer'`, "is not a function");
}
