// CountQueuingStrategy (https://streams.spec.whatwg.org/#cqs-class).

import { configureInterface, illegalInvocation, requireArguments } from "../webidl.js";
import { convertQueuingStrategyInit } from "./queuing_strategy_init.js";

/** The count queuing strategy size function: one for all instances. */
export const countQueuingStrategySize = { size: () => 1 }.size;

export class CountQueuingStrategy {
  #highWaterMark;

  constructor(init) {
    const prefix = "Failed to construct 'CountQueuingStrategy'";
    requireArguments(arguments.length, 1, prefix);
    this.#highWaterMark = convertQueuingStrategyInit(init, prefix);
  }

  get highWaterMark() {
    if (!(#highWaterMark in this)) throw illegalInvocation("CountQueuingStrategy");
    return this.#highWaterMark;
  }

  get size() {
    if (!(#highWaterMark in this)) throw illegalInvocation("CountQueuingStrategy");
    return countQueuingStrategySize;
  }
}

configureInterface(CountQueuingStrategy);
