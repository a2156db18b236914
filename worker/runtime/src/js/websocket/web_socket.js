// WebSocket (https://websockets.spec.whatwg.org/) and WebSocketPair, as Cloudflare Workers have them
// (https://developers.cloudflare.com/workers/runtime-apis/websockets/). Made when an app looks at one of them.
//
// NANO: `accept()`, which a WebSocket of a pair or of a response to fetch() needs before it can be used, is as there. `close()`
// of those takes all codes that a server may send; that of `new WebSocket()` the standard's.

import { DOMException } from "../dom/dom_exception.js";
import { EventTarget, getEventHandler, setEventHandler } from "../dom/event_target.js";
import { blobBytes, isBlob } from "../file/blob.js";
import { copyBytes } from "../fetch/body_source.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { fetch } from "../fetch/fetch.js";
import {
  configureInterface, converters, createSequenceConverter, defineConstants, illegalInvocation, isArrayBuffer,
  isObject, kInternal, requireArguments,
} from "../webidl.js";
import { CloseEvent } from "./close_event.js";
import { ACCEPTED, CLOSED, CLOSING, CONNECTING, End, FRESH, HANDED_OVER, Link, OPEN, Passage } from "./end.js";
import { parseTarget, protocolsOf } from "./target.js";
import { Wire, closeAll } from "./wire.js";
import { responseWebSocket } from "../fetch/response.js";

const {
  ArrayBufferIsView, ArrayPrototypeJoin, ArrayPrototypeIncludes, ObjectDefineProperty, PromisePrototypeThen, StringPrototypeToWellFormed,
  SymbolIterator, TypeError,
} = primordials;

/** Longest reason of a Close, in bytes of UTF-8. */
const LONGEST_REASON = 123;

const toProtocols = createSequenceConverter(converters.DOMString);

const eventTypes = ["open", "message", "error", "close"];

let endOf;
let createWebSocket;

class WebSocket extends EventTarget {
  #end;
  #handlers = null;

  constructor(url, protocols = undefined) {
    super();
    if (url === kInternal) {
      this.#end = new End();
      this.#end.object = this;
      return;
    }
    const prefix = "Failed to construct 'WebSocket'";
    requireArguments(arguments.length, 1, prefix);
    url = converters.USVString(url, prefix, "Argument 1");
    if (protocols === undefined) protocols = [];
    else if (isObject(protocols)) protocols = toProtocols(protocols, prefix, "Argument 2");
    else protocols = [converters.DOMString(protocols, prefix, "Argument 2")];
    const target = parseTarget(url, prefix);
    this.#end = new End();
    this.#end.object = this;
    this.#end.isConstructed = true;
    this.#end.state = CONNECTING;
    this.#end.url = target.shown;
    connect(this.#end, target.http, protocolsOf(protocols, prefix));
  }

  accept() {
    const end = WebSocket.#of(this);
    if (end.isConstructed) throw new TypeError("A WebSocket that `new WebSocket()` made cannot be accepted");
    if (end.use === HANDED_OVER) throw new TypeError("A WebSocket that was used in a Response cannot be accepted");
    if (end.use === FRESH) end.accept();
  }

  send(data) {
    const end = WebSocket.#of(this);
    const prefix = "Failed to execute 'send' on 'WebSocket'";
    requireArguments(arguments.length, 1, prefix);
    const payload = toPayload(data, prefix);
    if (end.state === CONNECTING) throw new DOMException(`${prefix}: it is not open yet`, "InvalidStateError");
    if (end.use !== ACCEPTED) throw new TypeError(`${prefix}: accept() must be called before`);
    end.send(payload);
  }

  close(code = undefined, reason = undefined) {
    const end = WebSocket.#of(this);
    const prefix = "Failed to execute 'close' on 'WebSocket'";
    if (code !== undefined) {
      code = converters["unsigned short"].clamp(code, prefix, "Argument 1");
      if (!mayClose(code, end.isConstructed)) {
        throw new DOMException(`${prefix}: the code ${code} cannot be sent`, "InvalidAccessError");
      }
    }
    if (reason !== undefined) {
      reason = converters.USVString(reason, prefix, "Argument 2");
      if (ops.utf8Length(reason) > LONGEST_REASON) {
        throw new DOMException(`${prefix}: the reason is longer than ${LONGEST_REASON} bytes`, "SyntaxError");
      }
      if (code === undefined && reason !== "" && !end.isConstructed) {
        throw new DOMException(`${prefix}: a reason needs a code`, "InvalidAccessError");
      }
    }
    if (end.use !== ACCEPTED && !end.isConstructed) throw new TypeError(`${prefix}: accept() must be called before`);
    // A reason alone has the code of a normal end.
    if (code === undefined && reason !== undefined && reason !== "") code = 1000;
    end.close(code === undefined ? 0 : code, reason === undefined ? "" : reason);
  }

  get readyState() {
    return WebSocket.#of(this).state;
  }

  get url() {
    return WebSocket.#of(this).url;
  }

  get protocol() {
    return WebSocket.#of(this).protocol;
  }

  get extensions() {
    return WebSocket.#of(this).extensions;
  }

  get bufferedAmount() {
    const { transport } = WebSocket.#of(this);
    return transport === null ? 0 : transport.buffered;
  }

  get binaryType() {
    return WebSocket.#of(this).binaryType;
  }

  set binaryType(value) {
    const end = WebSocket.#of(this);
    value = `${value}`;
    // A value that is none is ignored, as the standard has it for enumerations.
    if (value === "blob" || value === "arraybuffer") end.binaryType = value;
  }

  static #of(self) {
    if (!isObject(self) || !(#end in self)) throw illegalInvocation("WebSocket");
    return self.#end;
  }

  static {
    endOf = (value) => (isObject(value) && #end in value ? value.#end : undefined);
    createWebSocket = () => new WebSocket(kInternal);
    for (let i = 0; i < eventTypes.length; i++) {
      const type = eventTypes[i];
      ObjectDefineProperty(WebSocket.prototype, `on${type}`, {
        __proto__: null,
        get() {
          WebSocket.#of(this);
          return getEventHandler(this.#handlers, type);
        },
        set(value) {
          WebSocket.#of(this);
          this.#handlers = setEventHandler(this, this.#handlers, type, value);
        },
        enumerable: true,
        configurable: true,
      });
    }
  }
}

configureInterface(WebSocket);
defineConstants(WebSocket, { __proto__: null, CONNECTING, OPEN, CLOSING, CLOSED });
// Workers' older names of the same.
defineConstants(WebSocket, {
  __proto__: null, READY_STATE_CONNECTING: CONNECTING, READY_STATE_OPEN: OPEN, READY_STATE_CLOSING: CLOSING, READY_STATE_CLOSED: CLOSED,
});

function mayClose(code, isConstructed) {
  if (code === 1000 || (code >= 3000 && code <= 4999)) return true;
  return !isConstructed && code >= 1000 && code < 3000 && code !== 1004 && code !== 1005 && code !== 1006 && code !== 1015;
}

/** A string, or a Uint8Array that nobody else changes. */
function toPayload(data, prefix) {
  if (typeof data === "string") return StringPrototypeToWellFormed(data);
  if (isBlob(data)) return copyBytes(blobBytes(data));
  if (isArrayBuffer(data) || ArrayBufferIsView(data)) return copyBytes(data);
  return converters.USVString(data, prefix, "Argument 1");
}

class WebSocketPair {
  constructor() {
    const first = createWebSocket();
    const second = createWebSocket();
    const firstEnd = endOf(first);
    const secondEnd = endOf(second);
    firstEnd.peer = secondEnd;
    secondEnd.peer = firstEnd;
    firstEnd.transport = new Link(firstEnd, secondEnd);
    secondEnd.transport = new Link(secondEnd, firstEnd);
    ObjectDefineProperty(this, "0", { __proto__: null, value: first, writable: false, enumerable: true, configurable: true });
    ObjectDefineProperty(this, "1", { __proto__: null, value: second, writable: false, enumerable: true, configurable: true });
  }

  *[SymbolIterator]() {
    yield this[0];
    yield this[1];
  }
}
configureInterface(WebSocketPair);

/** Gives an end a connection, which the app has to accept. */
function attach(end, wire) {
  end.transport = wire;
  wire.receiver = end;
}

/** A WebSocket for the connection that a server has agreed to. `onOver(key)`: called when it is over. */
function adopt(key, protocol, extensions, onOver) {
  const socket = createWebSocket();
  const end = endOf(socket);
  const wire = new Wire(true, key, extensions, onOver);
  end.protocol = protocol;
  end.extensions = extensions;
  attach(end, wire);
  return { __proto__: null, socket, wire };
}

/** Throws where a WebSocket cannot be the answer to a request. */
function checkAnswer(socket) {
  const end = endOf(socket);
  const prefix = "A WebSocket cannot be used in a Response";
  if (end.isConstructed) throw new TypeError(`${prefix}: \`new WebSocket()\` made it`);
  if (end.use === HANDED_OVER) throw new TypeError(`${prefix}: it was used in another`);
  if (end.use === ACCEPTED) throw new TypeError(`${prefix} after accept()`);
}

/** Makes a WebSocket the answer to a request, whose connection is to be used for it from now on. */
function serve(key, socket, protocol, extensions, onOver) {
  const end = endOf(socket);
  const wire = new Wire(false, key, extensions, onOver);
  end.use = HANDED_OVER;
  const { peer, transport } = end;
  if (peer !== null) {
    // The client is now at the other end of its peer.
    end.peer = null;
    peer.peer = null;
    peer.protocol = protocol;
    peer.extensions = extensions;
    attach(peer, wire);
    end.drainTo(wire);
    if (peer.use === ACCEPTED) wire.resume(peer.context);
  } else {
    transport.receiver = new Passage(transport, wire);
    wire.receiver = new Passage(wire, transport);
    transport.resume();
    wire.resume();
  }
  return wire;
}

/** There is no client for a WebSocket that was the answer to a request: who is at its other end is told. */
function abandon(socket) {
  const { peer, transport, use } = endOf(socket);
  if (use !== FRESH) return;
  endOf(socket).use = HANDED_OVER;
  if (peer !== null) peer.receiveClosing(1006, "", false, undefined);
  else if (transport !== null) drop(transport);
}

/** Ends a connection that no end has. */
function drop(wire) {
  wire.receiver = { __proto__: null, message() {}, closed() {} };
  wire.lose(undefined);
}

/** "Establish a WebSocket connection". */
function connect(end, url, protocols) {
  const headers = { __proto__: null, upgrade: "websocket" };
  if (protocols.length > 0) headers["sec-websocket-protocol"] = ArrayPrototypeJoin(protocols, ", ");
  end.use = ACCEPTED;
  end.context = ops.getAsyncContext();
  PromisePrototypeThen(fetch(url, { __proto__: null, headers }), (response) => {
    const socket = responseWebSocket(response);
    if (socket === null) return refuse(end, new TypeError(`The server answered with ${response.status}, and not with 101`));
    const wire = endOf(socket).transport;
    const { protocol, extensions } = endOf(socket);
    if (end.state !== CONNECTING || (protocol !== "" && !ArrayPrototypeIncludes(protocols, protocol))) {
      drop(wire);
      return refuse(end, new TypeError(end.state === CONNECTING ? "The server chose a protocol that was not offered" : "It was closed before it was open"));
    }
    endOf(socket).use = HANDED_OVER;
    end.protocol = protocol;
    end.extensions = extensions;
    end.state = OPEN;
    attach(end, wire);
    end.opened();
    wire.resume(end.context);
  }, (error) => refuse(end, error));
}

function refuse(end, error) {
  end.closed(1006, "", false, error);
}

export const moduleExports = {
  __proto__: null, CloseEvent, WebSocket, WebSocketPair, abandon, adopt, checkAnswer, closeAll, isWebSocket: (value) => endOf(value) !== undefined, serve,
};
