// MessageChannel, MessagePort (https://html.spec.whatwg.org/multipage/web-messaging.html#message-channels) and BroadcastChannel.
// Made when an app looks at one of them. There is one isolate, so a channel leads from the app to itself.
//
// NANO: what waits to be delivered is part of the app's heap, and so of its memory limit. Ports and array buffers can be
// transferred, streams cannot.

import { DOMException } from "../dom/dom_exception.js";
import { dispatchTrusted, EventTarget, fireEvent, getEventHandler, setEventHandler } from "../dom/event_target.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { configureInterface, converters, illegalConstructor, illegalInvocation, isObject, kInternal, requireArguments } from "../webidl.js";
import { messageEvents } from "./message_event.js";
import { cloneWithTransfer, setTransferer } from "./structured_clone.js";
import { queueTask } from "./timers.js";

const {
  ArrayPrototypePush, Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, Set, SetPrototypeAdd,
  SetPrototypeDelete, SetPrototypeForEach, SetPrototypeGetSize, SymbolIterator,
} = primordials;

/** What is to be delivered, in order; what comes before `head` was. Each is a task of its own, and one timer is for all. */
let pending = [];
let head = 0;

/** What is done later: `run(value)`. */
class Task {
  run;
  value;

  constructor(run, value) {
    this.run = run;
    this.value = value;
  }
}

function queue(run, value) {
  // First, since it throws where the app has too many timers.
  if (head === pending.length) queueTask(runNext);
  ArrayPrototypePush(pending, new Task(run, value));
}

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

function rest(list, start) {
  const items = [];
  for (let i = start; i < list.length; i++) ArrayPrototypePush(items, list[i]);
  return items;
}

function runNext() {
  const task = pending[head];
  pending[head++] = undefined;
  if (head === pending.length) {
    pending = [];
    head = 0;
  } else {
    // The timer that has just fired made room for this one.
    queueTask(runNext);
    if (head > 1024 && head * 2 > pending.length) {
      pending = rest(pending, head);
      head = 0;
    }
  }
  task.run(task.value);
}

/** One end of a channel, whichever object stands for it. */
class End {
  object = null;
  /** The other end; null once one of them is closed. */
  peer = null;
  /** Messages that are not delivered yet, in order; what comes before `head` was. */
  waiting = [];
  head = 0;
  started = false;
}

function send(end, message) {
  // Each message of a port that is started has a task. (First: see `queue`.)
  if (end.started) queue(deliverNext, end);
  ArrayPrototypePush(end.waiting, message);
}

// Nothing is left where a port was started once more, after a transfer, meanwhile.
function deliverNext(end) {
  if (!end.started || end.head === end.waiting.length) return;
  const message = end.waiting[end.head];
  end.waiting[end.head++] = undefined;
  if (end.head === end.waiting.length) {
    end.waiting = [];
    end.head = 0;
  } else if (end.head > 1024 && end.head * 2 > end.waiting.length) {
    end.waiting = rest(end.waiting, end.head);
    end.head = 0;
  }
  if (end.object !== null) deliver(end.object, message);
}

function startEnd(end) {
  if (end.started) return;
  end.started = true;
  for (let i = end.head; i < end.waiting.length; i++) queue(deliverNext, end);
}

function closeEnd(end) {
  const { peer } = end;
  end.peer = null;
  if (peer === null) return;
  peer.peer = null;
  queue((target) => {
    if (target.object !== null) fireEvent(target.object, "close");
  }, peer);
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
        queue(BroadcastChannel.#deliver, { __proto__: null, channel, message: new Message(value, []) });
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

    static #deliver({ channel, message }) {
      if (!channel.#closed) deliver(channel, message);
    }
  }

  configureInterface(MessagePort);
  configureInterface(MessageChannel);
  configureInterface(BroadcastChannel);
  return { __proto__: null, BroadcastChannel, MessageChannel, MessagePort };
}
