// CloseEvent (https://websockets.spec.whatwg.org/#the-closeevent-interface).

import { Event } from "../dom/event.js";
import {
  configureInterface, converters, createDictionaryConverter, illegalInvocation, isObject, kInternal, requireArguments,
} from "../webidl.js";

const toInit = createDictionaryConverter("CloseEventInit", [
  { key: "bubbles", converter: converters.boolean },
  { key: "cancelable", converter: converters.boolean },
  { key: "composed", converter: converters.boolean },
], [
  { key: "code", converter: converters["unsigned short"], defaultValue: () => 0 },
  { key: "reason", converter: converters.USVString, defaultValue: () => "" },
  { key: "wasClean", converter: converters.boolean, defaultValue: () => false },
]);

export class CloseEvent extends Event {
  #init;

  constructor(type, eventInitDict = undefined) {
    const prefix = "Failed to construct 'CloseEvent'";
    requireArguments(arguments.length, 1, prefix);
    type = converters.DOMString(type, prefix, "Argument 1");
    const init = arguments[2] === kInternal ? eventInitDict : toInit(eventInitDict, prefix, "Argument 2");
    // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
    super(type, init, kInternal);
    this.#init = init;
  }

  get wasClean() {
    return CloseEvent.#member(this, "wasClean");
  }

  get code() {
    return CloseEvent.#member(this, "code");
  }

  get reason() {
    return CloseEvent.#member(this, "reason");
  }

  static #member(self, name) {
    if (!isObject(self) || !(#init in self)) throw illegalInvocation("CloseEvent");
    return self.#init[name];
  }
}

configureInterface(CloseEvent);

export function createCloseEvent(code, reason, wasClean) {
  // @ts-expect-error -- as above
  return new CloseEvent("close", { __proto__: null, code, reason, wasClean }, kInternal);
}
