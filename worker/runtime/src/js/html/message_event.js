// MessageEvent (https://html.spec.whatwg.org/multipage/comms.html#messageevent). Made when an app looks at it, or gets one.

import { Event } from "../dom/event.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, createDictionaryConverter, createSequenceConverter, illegalInvocation, isObject, kInternal, requireArguments,
} from "../webidl.js";

const { ArrayPrototypeSlice, ObjectFreeze } = primordials;

let made = null;

/** `{ MessageEvent, createMessageEvent(type, data, ports, origin, lastEventId) }` */
export function messageEvents() {
  return made ??= create();
}

function create() {
  const toInit = createDictionaryConverter("MessageEventInit", [
    { key: "bubbles", converter: converters.boolean },
    { key: "cancelable", converter: converters.boolean },
    { key: "composed", converter: converters.boolean },
  ], [
    { key: "data", converter: converters.any, defaultValue: () => null },
    { key: "lastEventId", converter: converters.DOMString, defaultValue: () => "" },
    { key: "origin", converter: converters.USVString, defaultValue: () => "" },
    { key: "ports", converter: createSequenceConverter(converters.any), defaultValue: () => [] },
    { key: "source", converter: converters.any, defaultValue: () => null },
  ]);

  class MessageEvent extends Event {
    #init;

    constructor(type, eventInitDict = undefined) {
      const prefix = "Failed to construct 'MessageEvent'";
      requireArguments(arguments.length, 1, prefix);
      type = converters.DOMString(type, prefix, "Argument 1");
      const init = arguments[2] === kInternal ? eventInitDict : toInit(eventInitDict, prefix, "Argument 2");
      // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
      super(type, init, kInternal);
      init.ports = ObjectFreeze(ArrayPrototypeSlice(init.ports));
      this.#init = init;
    }

    get data() {
      return MessageEvent.#member(this, "data");
    }

    get origin() {
      return MessageEvent.#member(this, "origin");
    }

    get lastEventId() {
      return MessageEvent.#member(this, "lastEventId");
    }

    get source() {
      return MessageEvent.#member(this, "source");
    }

    get ports() {
      return MessageEvent.#member(this, "ports");
    }

    static #member(self, name) {
      if (!isObject(self) || !(#init in self)) throw illegalInvocation("MessageEvent");
      return self.#init[name];
    }
  }

  configureInterface(MessageEvent);
  return {
    __proto__: null,
    MessageEvent,
    createMessageEvent: (type, data, ports = [], origin = "", lastEventId = "") =>
      // @ts-expect-error -- as above
      new MessageEvent(type, { __proto__: null, data, ports, origin, lastEventId, source: null }, kInternal),
  };
}
