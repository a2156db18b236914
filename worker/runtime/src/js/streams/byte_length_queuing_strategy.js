// ByteLengthQueuingStrategy (https://streams.spec.whatwg.org/#blqs-class).

import { configureInterface, illegalInvocation, requireArguments } from "../webidl.js";
import { convertQueuingStrategyInit } from "./queuing_strategy_init.js";

/** The byte length queuing strategy size function: one for all instances. */
const byteLengthQueuingStrategySize = { size: (chunk) => chunk.byteLength }.size;

export class ByteLengthQueuingStrategy {
  #highWaterMark;

  constructor(init) {
    const prefix = "Failed to construct 'ByteLengthQueuingStrategy'";
    requireArguments(arguments.length, 1, prefix);
    this.#highWaterMark = convertQueuingStrategyInit(init, prefix);
  }

  get highWaterMark() {
    if (!(#highWaterMark in this)) throw illegalInvocation("ByteLengthQueuingStrategy");
    return this.#highWaterMark;
  }

  get size() {
    if (!(#highWaterMark in this)) throw illegalInvocation("ByteLengthQueuingStrategy");
    return byteLengthQueuingStrategySize;
  }
}

configureInterface(ByteLengthQueuingStrategy);
