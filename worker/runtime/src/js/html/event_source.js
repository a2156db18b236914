// EventSource (https://html.spec.whatwg.org/multipage/server-sent-events.html), and `EventSource.from(stream)` as in workerd
// (https://developers.cloudflare.com/workers/runtime-apis/eventsource/). Made when an app looks at it.
//
// NANO: the time between two connections is at least a second, and twice as long after each that failed, up to a minute. A
// server that `egress` does not allow, and one that sends more of an event than a stream may hold, is not asked again. There are
// no credentials that `withCredentials` could decide about.

import { DOMException } from "../dom/dom_exception.js";
import { dispatchTrusted, EventTarget, fireEvent, getEventHandler, setEventHandler } from "../dom/event_target.js";
import { isSource, takeContent } from "../fetch/body.js";
import { StreamSource, WholeSource, isChunk, uponChunk } from "../fetch/body_source.js";
import { fetch } from "../fetch/fetch.js";
import { listGet } from "../fetch/headers.js";
import { extractMimeType } from "../fetch/mime_type.js";
import { responseHead } from "../fetch/response.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { IsReadableStreamLocked } from "../streams/readable/stream_operations.js";
import { readableStreamSlots } from "../streams/readable_stream.js";
import {
  configureInterface, converters, createDictionaryConverter, defineConstants, illegalInvocation, isObject, kInternal, requireArguments,
} from "../webidl.js";
import { queueTurnAnyway } from "./turns.js";
import { EventStream } from "./event_stream.js";
import { messageEvents } from "./message_event.js";
import { cancelTimer, setOwnTimer } from "./timers.js";

const {
  MathMax, MathMin, ObjectDefineProperty, PromisePrototypeThen, StringFromCharCode, StringPrototypeIndexOf, StringPrototypeSlice,
  SymbolDispose, TypedArrayPrototypeGetByteLength, TypeError, Uint32Array,
} = primordials;

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

/** Milliseconds between two connections, until the server says otherwise. */
const usualDelay = 2000;
const shortestDelay = 1000;
/** No timer is longer. */
const longestDelay = 2 ** 31 - 1;
const longestBackoff = 60_000;

const toInit = createDictionaryConverter("EventSourceInit", [
  { key: "withCredentials", converter: converters.boolean, defaultValue: () => false },
]);
const eventTypes = ["open", "message", "error"];
const components = new Uint32Array(8);

/** One event source: its connections, one after the other. */
class Feed {
  /** The EventSource; events are fired at it. */
  object = null;
  state = CONNECTING;
  url = "";
  origin = "";
  withCredentials = false;
  /** Whether there is a URL that can be asked again. */
  reconnects = true;
  context = ops.getAsyncContext();
  lastId = "";
  delay = usualDelay;
  /** Connections in a row from which nothing came. */
  failures = 0;
  source = null;
  stream = null;
  timer = 0;
  /** The event whose turn is next. */
  event = null;

  connect() {
    const headers = { __proto__: null, accept: "text/event-stream", "cache-control": "no-store" };
    if (this.lastId !== "") headers["last-event-id"] = byteString(this.lastId);
    PromisePrototypeThen(
      fetch(this.url, { __proto__: null, headers, cache: "no-store" }),
      (response) => this.responded(response),
      (error) => {
        if (isFutile(error)) this.fail(); else this.lost();
      },
    );
  }

  responded(response) {
    const { status, list, body, url } = responseHead(response);
    const content = body === null ? "" : takeContent(body);
    const source = isSource(content) ? content : new WholeSource(content);
    if (this.state === CLOSED) return source.cancel(undefined);
    const type = extractMimeType(listGet(list, "content-type"));
    if (status !== 200 || type === null || type.essence !== "text/event-stream") {
      source.cancel(undefined);
      return this.fail();
    }
    this.origin = originOf(url);
    this.open(source);
    return undefined;
  }

  /** "Announce the connection", then read. */
  open(source) {
    this.source = source;
    this.stream = new EventStream(this.lastId);
    queueTurnAnyway({ __proto__: null, run: () => this.opened() }, this.context);
  }

  opened() {
    if (this.state === CLOSED) return;
    this.state = OPEN;
    fireEvent(this.object, "open");
    this.read();
  }

  read() {
    while (this.state !== CLOSED) {
      let chunk;
      try {
        chunk = this.source.pull();
      } catch {
        return this.ended();
      }
      if (chunk === null) return this.ended();
      if (!isChunk(chunk)) {
        uponChunk(chunk, (given) => {
          if (given === null) this.ended();
          else if (this.take(given)) this.read();
        }, () => this.ended());
        return undefined;
      }
      if (!this.take(chunk)) return undefined;
    }
    return undefined;
  }

  /** Takes a chunk. False if an event is to be delivered before the next. */
  take(chunk) {
    if (this.state === CLOSED) return false;
    this.failures = 0;
    this.stream.push(chunk);
    return this.deliver();
  }

  /** True when the chunk is used up. Each event has a turn of its own. */
  deliver() {
    try {
      this.event = this.stream.takeEvent();
    } catch {
      // Beyond the buffer limit.
      this.fail();
      return false;
    }
    const retry = this.stream.takeRetry();
    if (retry >= 0) this.delay = MathMin(MathMax(retry, shortestDelay), longestDelay);
    if (this.event === null) return true;
    queueTurnAnyway(this, this.context);
    return false;
  }

  /** The turn of an event. */
  run() {
    const { event } = this;
    this.event = null;
    if (this.state === CLOSED || event === null) return;
    this.lastId = event.id;
    const { createMessageEvent } = messageEvents();
    dispatchTrusted(this.object, createMessageEvent(event.type, event.data, [], this.origin, event.id));
    if (this.state !== CLOSED && this.deliver()) this.read();
  }

  /** The stream is over. */
  ended() {
    if (this.state === CLOSED) return;
    // An id without an event counts for the next connection, too.
    this.lastId = this.stream.lastId;
    this.stream.discard();
    this.source = null;
    if (this.reconnects) this.lost(); else this.fail();
  }

  /** "Reestablish the connection". */
  lost() {
    if (this.state === CLOSED) return;
    queueTurnAnyway({ __proto__: null, run: () => this.retry() }, this.context);
  }

  retry() {
    if (this.state === CLOSED) return;
    this.state = CONNECTING;
    const delay = MathMax(this.delay, MathMin(this.delay * 2 ** MathMin(this.failures, 10), longestBackoff));
    this.failures++;
    try {
      this.timer = setOwnTimer(() => {
        this.timer = 0;
        if (this.state === CONNECTING) this.connect();
      }, delay);
    } catch {
      // The app has its maximum of timers.
      return this.failed();
    }
    fireEvent(this.object, "error");
    return undefined;
  }

  /** "Fail the connection". */
  fail() {
    if (this.state === CLOSED) return;
    queueTurnAnyway({ __proto__: null, run: () => this.failed() }, this.context);
  }

  failed() {
    if (this.state === CLOSED) return;
    this.close();
    fireEvent(this.object, "error");
  }

  close() {
    this.state = CLOSED;
    this.event = null;
    if (this.timer !== 0) cancelTimer(this.timer);
    this.timer = 0;
    const { source, stream } = this;
    this.source = null;
    if (stream !== null) stream.discard();
    if (source !== null) source.cancel(new DOMException("The EventSource was closed", "AbortError"));
  }
}

/** The text as UTF-8, each byte a character: a header's value. */
function byteString(text) {
  const bytes = ops.utf8Encode(text);
  let value = "";
  for (let i = 0; i < TypedArrayPrototypeGetByteLength(bytes); i++) value += StringFromCharCode(bytes[i]);
  return value;
}

/** Scheme, host and port. A URL that was fetched has no credentials. */
function originOf(url) {
  const host = StringPrototypeIndexOf(url, "://") + 3;
  const end = StringPrototypeIndexOf(url, "/", host);
  return end === -1 ? url : StringPrototypeSlice(url, 0, end);
}

/** Whether another attempt would end as this one did. */
function isFutile(error) {
  const cause = isObject(error) ? error.cause : undefined;
  const code = isObject(cause) ? cause.code : undefined;
  // What has no code is no URL for a request.
  return code === undefined || code === "EGRESS_DENIED" || code === "UNSENDABLE";
}

let createFrom;

class EventSource extends EventTarget {
  #feed = new Feed();
  #handlers = null;

  constructor(url, eventSourceInitDict = undefined) {
    super();
    this.#feed.object = this;
    if (url === kInternal) return;
    const prefix = "Failed to construct 'EventSource'";
    requireArguments(arguments.length, 1, prefix);
    url = converters.USVString(url, prefix, "Argument 1");
    const { withCredentials } = toInit(eventSourceInitDict, prefix, "Argument 2");
    const href = ops.urlParse(url, undefined, components);
    if (href === undefined) throw new DOMException(`${prefix}: '${url}' is not a valid absolute URL`, "SyntaxError");
    this.#feed.url = href;
    this.#feed.withCredentials = withCredentials;
    this.#feed.connect();
  }

  static from(stream) {
    const prefix = "Failed to execute 'from' on 'EventSource'";
    requireArguments(arguments.length, 1, prefix);
    const slots = readableStreamSlots(stream);
    if (slots === undefined) throw new TypeError(`${prefix}: Argument 1 is not a ReadableStream`);
    if (IsReadableStreamLocked(slots)) throw new TypeError("This ReadableStream is locked.");
    if (slots.disturbed) throw new TypeError("This ReadableStream has already been read from.");
    return createFrom(new StreamSource(slots));
  }

  close() {
    const feed = EventSource.#of(this);
    if (feed.state !== CLOSED) feed.close();
  }

  get url() {
    return EventSource.#of(this).url;
  }

  get withCredentials() {
    return EventSource.#of(this).withCredentials;
  }

  get readyState() {
    return EventSource.#of(this).state;
  }

  static #of(self) {
    if (!isObject(self) || !(#feed in self)) throw illegalInvocation("EventSource");
    return self.#feed;
  }

  static {
    createFrom = (source) => {
      const object = new EventSource(kInternal);
      object.#feed.reconnects = false;
      object.#feed.open(source);
      return object;
    };
    for (let i = 0; i < eventTypes.length; i++) {
      const type = eventTypes[i];
      ObjectDefineProperty(EventSource.prototype, `on${type}`, {
        __proto__: null,
        get() {
          EventSource.#of(this);
          return getEventHandler(this.#handlers, type);
        },
        set(value) {
          EventSource.#of(this);
          this.#handlers = setEventHandler(this, this.#handlers, type, value);
        },
        enumerable: true,
        configurable: true,
      });
    }
  }
}
const { close } = EventSource.prototype;
configureInterface(EventSource);
ObjectDefineProperty(EventSource.prototype, SymbolDispose, {
  __proto__: null, value: close, writable: true, enumerable: false, configurable: true,
});
defineConstants(EventSource, { __proto__: null, CONNECTING, OPEN, CLOSED });

export const moduleExports = { __proto__: null, EventSource };
