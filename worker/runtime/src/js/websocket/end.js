// What a WebSocket object stands for: one end of a connection, or of a pair within the worker. No app gets at this.

import { ErrorEvent } from "../dom/event.js";
import { dispatchTrusted, fireEvent, hasListeners } from "../dom/event_target.js";
import { createBlob } from "../file/blob.js";
import { messageEvents } from "../html/message_event.js";
import { queueTurnAnyway } from "../html/turns.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Account, charge, chunkCost, overflowError, release, releaseAllBut } from "../streams/budget.js";
import { Ring } from "../streams/queue_with_sizes.js";
import { seal } from "../streams/sealed_class.js";
import { createCloseEvent } from "./close_event.js";

const { TypedArrayPrototypeGetBuffer } = primordials;

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;

/** How an end was used, which is done once. */
export const FRESH = 0;
/** `accept()` was called, or it is open by `new WebSocket()`. */
export const ACCEPTED = 1;
/** It is the answer to a request. */
export const HANDED_OVER = 2;

/** The end of what the other side sends. */
class Closing {
  code;
  reason;
  wasClean;
  error;

  constructor(code, reason, wasClean, error) {
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
    this.error = error;
  }
}

export class End {
  /** The WebSocket. */
  object = null;
  /** Where what it sends goes: `{ send(payload), close(code, reason), resume(), buffered }`. */
  transport = null;
  /** The other end of a pair, as long as neither has a connection. */
  peer = null;
  use = FRESH;
  state = OPEN;
  binaryType = "blob";
  url = null;
  protocol = "";
  extensions = "";
  /** Whether `new WebSocket()` made it. */
  isConstructed = false;
  /** That of the code that accepted it, which its events have. */
  context = undefined;
  /** What came and was not delivered: of the other end of a pair. */
  #inbox = new Ring();
  #account = new Account();
  #waits = false;

  /** Delivers what came and what will come. */
  accept() {
    this.use = ACCEPTED;
    this.context = ops.getAsyncContext();
    if (this.#inbox.length > 0) this.#deliverLater();
    if (this.transport !== null) this.transport.resume(this.context);
  }

  send(payload) {
    if (this.state === OPEN && this.transport !== null) this.transport.send(payload);
  }

  close(code, reason) {
    if (this.state >= CLOSING) return;
    this.state = CLOSING;
    if (this.transport !== null) this.transport.close(code, reason);
  }

  /** A message came over a connection: it is delivered now. */
  message(payload) {
    if (this.state === CLOSED || !hasListeners(this.object, "message")) return;
    let data = payload;
    if (typeof payload !== "string") data = this.binaryType === "blob" ? createBlob(payload, "") : TypedArrayPrototypeGetBuffer(payload);
    dispatchTrusted(this.object, messageEvents().createMessageEvent("message", data));
  }

  /** The other side sends nothing more. */
  closed(code, reason, wasClean, error) {
    if (this.state === CLOSED) return;
    this.state = CLOSED;
    if (error !== undefined) {
      dispatchTrusted(this.object, new ErrorEvent("error", { __proto__: null, message: error.message, error }));
    }
    dispatchTrusted(this.object, createCloseEvent(code, reason, wasClean));
  }

  opened() {
    fireEvent(this.object, "open");
  }

  /** The other end of the pair sends a message. False, and it is not taken, where that is too much. */
  receive(payload) {
    const cost = chunkCost(payload);
    if (!charge(this.#account, cost)) return overflowError(this.#account, cost);
    this.#push(payload);
    return undefined;
  }

  /** The other end of the pair is closed. */
  receiveClosing(code, reason, wasClean, error) {
    this.#push(new Closing(code, reason, wasClean, error));
  }

  #push(item) {
    this.#inbox.push(item);
    if (this.use === ACCEPTED) this.#deliverLater();
  }

  #deliverLater() {
    if (this.#waits) return;
    this.#waits = true;
    queueTurnAnyway(this, this.context);
  }

  run() {
    this.#waits = false;
    if (this.#inbox.length === 0) return;
    const item = this.#inbox.shift();
    if (this.#inbox.length > 0) this.#deliverLater();
    if (!(item instanceof Closing)) {
      release(this.#account, chunkCost(item));
      this.message(item);
      return;
    }
    releaseAllBut(this.#account, 0);
    // Each end gets the other's Close; that of the second is the answer.
    const { peer, state } = this;
    if (item.wasClean && state === OPEN && peer !== null) peer.receiveClosing(item.code, item.reason, true, undefined);
    this.closed(item.code, item.reason, item.wasClean, item.error);
  }

  /** Gives what was not delivered to a connection that takes this end's place. */
  drainTo(transport) {
    while (this.#inbox.length > 0) {
      const item = this.#inbox.shift();
      if (item instanceof Closing) transport.close(item.code === 1005 ? 0 : item.code, item.reason);
      else transport.send(item);
    }
    releaseAllBut(this.#account, 0);
  }
}
seal(End);

/** What leads from one end of a pair to the other. */
export class Link {
  #from;
  #to;

  constructor(from, to) {
    this.#from = from;
    this.#to = to;
  }

  get buffered() {
    return 0;
  }

  resume() {}

  send(payload) {
    const error = this.#to.receive(payload);
    if (error === undefined) return;
    // As a connection that cannot be written to.
    this.#from.state = CLOSING;
    this.#from.receiveClosing(1006, "", false, error);
    this.#to.receiveClosing(1009, "what is to be sent is too large", true, undefined);
  }

  close(code, reason) {
    this.#to.receiveClosing(code === 0 ? 1005 : code, reason, true, undefined);
  }
}
seal(Link);

/** Passes on what comes on one connection to another, which is no faster than that one. */
export class Passage {
  #from;
  #to;

  constructor(from, to) {
    this.#from = from;
    this.#to = to;
  }

  message(payload) {
    this.#to.send(payload);
    if (this.#to.waitForDrain(() => this.#from.resume())) this.#from.pause();
  }

  closed(code, reason, wasClean) {
    if (wasClean) this.#to.close(code === 1005 ? 0 : code, reason);
    else this.#to.close(code === 1006 ? 1011 : code, reason);
  }
}
seal(Passage);
