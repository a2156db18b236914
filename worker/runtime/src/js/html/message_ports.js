// MessageChannel, MessagePort (https://html.spec.whatwg.org/multipage/web-messaging.html#message-channels) and BroadcastChannel.
// Made when an app looks at one of them. There is one isolate, so a channel leads from the app to itself.
//
// NANO: what waits to be delivered is part of the app's heap, and so of its memory limit. Ports and array buffers can be
// transferred, streams cannot.

import { DOMException } from "../dom/dom_exception.js";
import { dispatchTrusted, EventTarget, fireEvent, getEventHandler, setEventHandler } from "../dom/event_target.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Ring } from "../streams/queue_with_sizes.js";
import { configureInterface, converters, illegalConstructor, illegalInvocation, isObject, kInternal, requireArguments } from "../webidl.js";
import { messageEvents } from "./message_event.js";
import { cloneWithTransfer, setTransferer } from "./structured_clone.js";
import { queueTurn } from "./turns.js";

const {
  ArrayPrototypePush, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, Set, SetPrototypeAdd,
  SetPrototypeDelete, SetPrototypeForEach, SetPrototypeGetSize, SymbolIterator,
} = primordials;

/** A message, and on whose behalf it is delivered: that of the code that has sent it. */
class Message {
  value;
  ports;
  context = ops.getAsyncContext();

  constructor(value, ports) {
    this.value = value;
    this.ports = ports;
  }
}

function deliver(target, { value, ports, context }) {
  ops.setAsyncContext(context);
  dispatchTrusted(target, messageEvents().createMessageEvent("message", value, ports));
}

/** One end of a channel, whichever object stands for it. As a task, it delivers one message. */
class End {
  object = null;
  /** The other end; null once one of them is closed. */
  peer = null;
  /** Messages that are not delivered yet. */
  waiting = new Ring();
  started = false;

  run() {
    // Nothing is left where a port was started once more, after a transfer, meanwhile.
    if (!this.started || this.waiting.length === 0) return;
    const message = this.waiting.shift();
    if (this.object !== null) deliver(this.object, message);
  }
}

function send(end, message) {
  // Each message of a port that is started has a task. (First: there may be too many timers.)
  if (end.started) queueTurn(end, undefined);
  end.waiting.push(message);
}

function startEnd(end) {
  if (end.started) return;
  end.started = true;
  for (let i = 0; i < end.waiting.length; i++) queueTurn(end, undefined);
}

function closeEnd(end) {
  const { peer } = end;
  end.peer = null;
  if (peer === null) return;
  peer.peer = null;
  const run = () => {
    if (peer.object !== null) fireEvent(peer.object, "close");
  };
  queueTurn({ __proto__: null, run }, undefined);
}

/** The second argument of postMessage: a sequence, or a dictionary with one. */
function transferOf(value) {
  if (!isObject(value)) return value;
  return typeof value[SymbolIterator] === "function" ? { __proto__: null, transfer: value } : value;
}

let made = null;

/** `{ BroadcastChannel, MessageChannel, MessagePort }` */
export function messagePorts() {
  return made ??= create();
}

function create() {
  let createPort;

  class MessagePort extends EventTarget {
    #end;
    #handlers = null;

    constructor(brand = undefined, end = undefined) {
      if (brand !== kInternal) throw illegalConstructor();
      super();
      this.#end = end;
    }

    postMessage(message, options = undefined) {
      const end = MessagePort.#of(this);
      const prefix = "Failed to execute 'postMessage' on 'MessagePort'";
      requireArguments(arguments.length, 1, prefix);
      const { value, objects } = cloneWithTransfer(message, transferOf(options), prefix, this);
      const { peer } = end;
      if (peer === null) return;
      const ports = [];
      for (let i = 0; i < objects.length; i++) ArrayPrototypePush(ports, objects[i]);
      send(peer, new Message(value, ports));
    }

    start() {
      startEnd(MessagePort.#of(this));
    }

    close() {
      closeEnd(MessagePort.#of(this));
    }

    get onmessage() {
      MessagePort.#of(this);
      return getEventHandler(this.#handlers, "message");
    }

    set onmessage(value) {
      const end = MessagePort.#of(this);
      this.#handlers = setEventHandler(this, this.#handlers, "message", value);
      startEnd(end);
    }

    get onmessageerror() {
      MessagePort.#of(this);
      return getEventHandler(this.#handlers, "messageerror");
    }

    set onmessageerror(value) {
      MessagePort.#of(this);
      this.#handlers = setEventHandler(this, this.#handlers, "messageerror", value);
    }

    get onclose() {
      MessagePort.#of(this);
      return getEventHandler(this.#handlers, "close");
    }

    set onclose(value) {
      MessagePort.#of(this);
      this.#handlers = setEventHandler(this, this.#handlers, "close", value);
    }

    static #of(self) {
      if (!isObject(self) || !(#end in self)) throw illegalInvocation("MessagePort");
      return self.#end;
    }

    static {
      createPort = (end) => {
        const port = new MessagePort(kInternal, end);
        end.object = port;
        return port;
      };
      setTransferer(MessagePort.prototype, {
        __proto__: null,
        is: (object) => #end in object && object.#end.object === object,
        prepare: () => new MessagePort(kInternal, new End()),
        commit(object, replacement) {
          const end = object.#end;
          object.#end = new End();
          end.started = false;
          end.object = replacement;
          replacement.#end = end;
        },
      });
    }
  }

  class MessageChannel {
    #port1;
    #port2;

    constructor() {
      const first = new End();
      const second = new End();
      first.peer = second;
      second.peer = first;
      this.#port1 = createPort(first);
      this.#port2 = createPort(second);
    }

    get port1() {
      if (!isObject(this) || !(#port1 in this)) throw illegalInvocation("MessageChannel");
      return this.#port1;
    }

    get port2() {
      if (!isObject(this) || !(#port1 in this)) throw illegalInvocation("MessageChannel");
      return this.#port2;
    }
  }

  /** Name → the channels that are open. */
  const channels = new Map();

  class BroadcastChannel extends EventTarget {
    #name;
    #closed = false;
    #handlers = null;

    constructor(name) {
      const prefix = "Failed to construct 'BroadcastChannel'";
      requireArguments(arguments.length, 1, prefix);
      name = converters.DOMString(name, prefix, "Argument 1");
      super();
      this.#name = name;
      let open = MapPrototypeGet(channels, name);
      if (open === undefined) {
        open = new Set();
        MapPrototypeSet(channels, name, open);
      }
      SetPrototypeAdd(open, this);
    }

    get name() {
      if (!isObject(this) || !(#name in this)) throw illegalInvocation("BroadcastChannel");
      return this.#name;
    }

    postMessage(message) {
      if (!isObject(this) || !(#name in this)) throw illegalInvocation("BroadcastChannel");
      const prefix = "Failed to execute 'postMessage' on 'BroadcastChannel'";
      requireArguments(arguments.length, 1, prefix);
      if (this.#closed) throw new DOMException(`${prefix}: it is closed`, "InvalidStateError");
      // Refused also where nobody listens.
      let { value } = cloneWithTransfer(message, undefined, prefix, undefined);
      let isFirst = true;
      SetPrototypeForEach(MapPrototypeGet(channels, this.#name), (channel) => {
        if (channel === this) return;
        if (!isFirst) ({ value } = cloneWithTransfer(message, undefined, prefix, undefined));
        isFirst = false;
        const sent = new Message(value, []);
        queueTurn({ __proto__: null, run: () => channel.#take(sent) }, undefined);
      });
    }

    close() {
      if (!isObject(this) || !(#name in this)) throw illegalInvocation("BroadcastChannel");
      if (this.#closed) return;
      this.#closed = true;
      const open = MapPrototypeGet(channels, this.#name);
      SetPrototypeDelete(open, this);
      if (SetPrototypeGetSize(open) === 0) MapPrototypeDelete(channels, this.#name);
    }

    get onmessage() {
      if (!isObject(this) || !(#name in this)) throw illegalInvocation("BroadcastChannel");
      return getEventHandler(this.#handlers, "message");
    }

    set onmessage(value) {
      if (!isObject(this) || !(#name in this)) throw illegalInvocation("BroadcastChannel");
      this.#handlers = setEventHandler(this, this.#handlers, "message", value);
    }

    get onmessageerror() {
      if (!isObject(this) || !(#name in this)) throw illegalInvocation("BroadcastChannel");
      return getEventHandler(this.#handlers, "messageerror");
    }

    set onmessageerror(value) {
      if (!isObject(this) || !(#name in this)) throw illegalInvocation("BroadcastChannel");
      this.#handlers = setEventHandler(this, this.#handlers, "messageerror", value);
    }

    #take(message) {
      if (!this.#closed) deliver(this, message);
    }
  }

  configureInterface(MessagePort);
  configureInterface(MessageChannel);
  configureInterface(BroadcastChannel);
  return { __proto__: null, BroadcastChannel, MessageChannel, MessagePort };
}
