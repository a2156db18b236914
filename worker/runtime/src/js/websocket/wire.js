// One connection of a WebSocket, between its messages and a stream of bytes: those of a request and its response, or of a
// fetch. Frames are made and read natively (../../ops/websocket.rs).

import { isChunk, uponChunk } from "../fetch/body_source.js";
import { cancelTimer, setBackgroundTimeout } from "../html/timers.js";
import { queueTurnAnyway } from "../html/turns.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Account, charge, chunkCost, overflowError, releaseAllBut, streamLimit } from "../streams/budget.js";
import { seal } from "../streams/sealed_class.js";

const { Error, Map, MapPrototypeDelete, MapPrototypeForEach, MapPrototypeGet, MapPrototypeGetSize, MapPrototypeSet } = primordials;

/** How long the peer may take to answer a Close, or to take what waits before it. */
const CLOSE_MS = 10_000;

/** A connection that is silent for so long is asked for a sign of life, and cut if it gives none for as long again. */
const SILENCE_MS = 30_000;

/** Native id -> Wire. */
const wires = new Map();
let sweeping = false;

function sweep() {
  sweeping = false;
  const found = ops.websocketSweep();
  for (let i = 0; i < found.length; i += 2) {
    const wire = MapPrototypeGet(wires, found[i]);
    if (wire === undefined) continue;
    if (found[i + 1]) wire.refuseSlowMessage();
    else wire.lose(new Error("The other side of the WebSocket does not answer pings"));
  }
  MapPrototypeForEach(wires, (wire) => wire.swept());
  sweepLater();
}

function sweepLater() {
  if (sweeping || MapPrototypeGetSize(wires) === 0) return;
  try {
    setBackgroundTimeout(sweep, SILENCE_MS);
    sweeping = true;
  } catch {
    // The app has its maximum of timers; the next connection tries again.
  }
}

/** Closes all that are open, since the worker is about to end. */
export function closeAll() {
  // The Closes first: what the app makes of its events may take all the time that there is.
  MapPrototypeForEach(wires, (wire) => wire.close(1012, "Service Restart"));
  MapPrototypeForEach(wires, (wire) => queueTurnAnyway({ __proto__: null, run: () => wire.restart() }, undefined));
}

export class Wire {
  /** What gets the messages: `{ message(payload), closed(code, reason, wasClean, error) }`. */
  receiver = null;
  #isClient;
  #key;
  #id;
  #onOver;
  #account = new Account();
  /** Nothing is read as long as it is paused. */
  #paused = true;
  /** It was, since the last sweep: what did not come is not the peer's fault. */
  #wasPaused = true;
  /** A piece of the stream is awaited, or a turn to go on. */
  #waits = false;
  /** What was read may not be all taken apart. */
  #fed = false;
  #closeSent = false;
  /** The receiver was told of the end. */
  #told = false;
  /** Nothing more is read; what waits is sent, then it is over. */
  #ending = false;
  #over = false;
  #timer = 0;
  #onDrain = null;
  /** On whose behalf the receiver is told. */
  #context;

  /** `key`: the number of a fetch, as whose client it is one end, or of a request. `onOver(key)`: called when it is over. */
  constructor(isClient, key, extensions, onOver) {
    this.#isClient = isClient;
    this.#key = key;
    this.#onOver = onOver;
    this.#id = ops.websocketOpen(isClient, key, extensions, streamLimit());
    MapPrototypeSet(wires, this.#id, this);
    sweepLater();
  }

  /** Bytes that wait to be sent. */
  get buffered() {
    return this.#account.bytes;
  }

  /** Whether more should be given before `onDrain` is called. */
  waitForDrain(onDrain) {
    if (this.#over || this.#account.bytes === 0) return false;
    this.#onDrain = onDrain;
    return true;
  }

  /** Begins to read, or goes on with it, in turns of its own and in this context. */
  resume(context = this.#context) {
    if (!this.#paused) return;
    this.#context = context;
    this.#paused = false;
    if (!this.#waits) this.#readInTurn();
  }

  pause() {
    this.#paused = true;
    this.#wasPaused = true;
  }

  swept() {
    this.#wasPaused = this.#paused;
  }

  /** The peer takes its time with a message, and memory meanwhile. */
  refuseSlowMessage() {
    if (this.#wasPaused || this.#over || this.#ending) return;
    this.#fail(1008, "a message comes too slowly", new Error("The other side of the WebSocket sends a message too slowly"));
  }

  /** Sends a string or a Uint8Array. What finds no room in the app's buffer ends the connection. */
  send(payload) {
    if (this.#closeSent || this.#over) return;
    const cost = chunkCost(payload);
    if (!charge(this.#account, cost)) {
      this.#fail(1009, "what is to be sent is too large", overflowError(this.#account, cost));
      return;
    }
    const waiting = ops.websocketSend(this.#id, payload);
    if (waiting < 0) {
      releaseAllBut(this.#account, this.#account.bytes - cost);
      this.#fail(1009, "no memory", new Error("There is not enough memory for what is to be sent (memory_mb)"));
      return;
    }
    releaseAllBut(this.#account, waiting);
  }

  /** Sends a Close, without a code where that is 0. */
  close(code, reason) {
    if (this.#closeSent || this.#over) return;
    this.#closeSent = true;
    releaseAllBut(this.#account, ops.websocketClose(this.#id, code, reason));
    this.#limitTime();
    // The answer is to be read.
    this.resume();
  }

  /** Called natively when there is room again. */
  pump() {
    if (this.#over) return;
    releaseAllBut(this.#account, ops.websocketFlush(this.#id));
    if (this.#account.bytes > 0) return;
    const onDrain = this.#onDrain;
    this.#onDrain = null;
    if (onDrain !== null) onDrain();
    if (this.#ending) this.#finish();
  }

  /** The stream was reset. */
  cancel() {
    // Of a fetch that is over there may be more to read.
    if (!this.#isClient) this.#lost();
  }

  /** The worker is about to end: RFC 6455 has 1012 for that, as registered with IANA. */
  restart() {
    if (this.#over) return;
    this.close(1012, "Service Restart");
    this.#tell(1012, "Service Restart", true);
    this.#end();
  }

  /** Cuts it. */
  lose(error) {
    if (this.#over) return;
    this.#tell(1006, "", false, error);
    this.#cut();
  }

  run() {
    this.#waits = false;
    this.#read();
  }

  #readInTurn() {
    this.#waits = true;
    queueTurnAnyway(this, this.#context);
  }

  /** Hands one event over; the next one is for another turn. */
  #read() {
    while (!this.#paused && !this.#over && !this.#ending) {
      const event = this.#fed ? ops.websocketNext(this.#id) : undefined;
      if (event !== undefined) {
        this.#take(event);
        if (!this.#paused && !this.#over && !this.#ending && !this.#waits) this.#readInTurn();
        return;
      }
      this.#fed = false;
      const chunk = this.#isClient ? ops.fetchBodyRead(this.#key) : ops.requestBodyRead(this.#key);
      if (chunk === null) {
        this.#lost();
      } else if (isChunk(chunk)) {
        this.#feed(chunk);
      } else {
        this.#waits = true;
        uponChunk(chunk, (given) => this.#came(given), () => this.#came(null));
        return;
      }
    }
  }

  #feed(chunk) {
    this.#fed = true;
    ops.websocketFeed(this.#id, chunk);
  }

  #came(chunk) {
    this.#waits = false;
    if (this.#over) return;
    if (this.#ending) {
      this.#drop(chunk);
    } else if (chunk === null) {
      this.#lost();
    } else {
      this.#feed(chunk);
      this.#read();
    }
  }

  #take(event) {
    if (typeof event === "string" || isChunk(event)) {
      if (!this.#told) this.receiver.message(event);
      return;
    }
    const code = event[0];
    const reason = event[1];
    if (event[2]) {
      this.#fail(code, reason, new Error(`The other side of the WebSocket broke the protocol or a limit: ${reason}`));
      return;
    }
    if (!this.#closeSent) {
      this.#closeSent = true;
      releaseAllBut(this.#account, ops.websocketClose(this.#id, code, reason));
    }
    this.#tell(code === 0 ? 1005 : code, reason, true);
    this.#end();
  }

  /** "Fail the WebSocket connection". */
  #fail(code, reason, error) {
    if (!this.#closeSent) {
      this.#closeSent = true;
      ops.websocketClose(this.#id, code, reason);
    }
    releaseAllBut(this.#account, ops.websocketFlush(this.#id));
    this.#tell(1006, "", false, error);
    this.#end();
  }

  /** The stream ended without a Close. */
  #lost() {
    if (this.#over) return;
    this.#tell(1006, "", false);
    if (this.#isClient) ops.fetchAbort(this.#key, undefined);
    else ops.responseEnd(this.#key);
    this.#leave();
  }

  #tell(code, reason, wasClean, error = undefined) {
    if (this.#told) return;
    this.#told = true;
    this.receiver.closed(code, reason, wasClean, error);
  }

  /** Sends what waits, then ends the stream. */
  #end() {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    this.#limitTime();
    if (this.#account.bytes === 0) this.#finish();
  }

  #finish() {
    if (!this.#isClient) {
      ops.responseEnd(this.#key);
      this.#leave();
      return;
    }
    // The server is to close the connection first (RFC 6455 §7.1.1).
    ops.fetchEnd(this.#key);
    if (!this.#waits) this.#drop(undefined);
  }

  /** Reads to the end, and forgets what comes. */
  #drop(chunk) {
    while (chunk !== null && !this.#over) {
      chunk = ops.fetchBodyRead(this.#key);
      if (chunk !== null && !isChunk(chunk)) {
        this.#waits = true;
        uponChunk(chunk, (given) => this.#came(given), () => this.#came(null));
        return;
      }
    }
    if (!this.#over) this.#cut();
  }

  #limitTime() {
    if (this.#timer !== 0) return;
    try {
      this.#timer = setBackgroundTimeout(() => {
        this.#timer = 0;
        if (this.#over) return;
        this.#tell(1006, "", false);
        this.#cut();
      }, CLOSE_MS);
    } catch {
      // The app has its maximum of timers. What is silent is found all the same.
    }
  }

  #cut() {
    if (this.#isClient) ops.fetchAbort(this.#key, undefined);
    else ops.websocketReset(this.#id);
    this.#leave();
  }

  #leave() {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== 0) cancelTimer(this.#timer);
    releaseAllBut(this.#account, 0);
    MapPrototypeDelete(wires, this.#id);
    ops.websocketForget(this.#id);
    this.#onOver(this.#key);
    const onDrain = this.#onDrain;
    this.#onDrain = null;
    if (onDrain !== null) onDrain();
  }
}
seal(Wire);
