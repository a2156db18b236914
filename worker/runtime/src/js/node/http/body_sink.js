// A body as a stream of the web, which a stream of Node.js writes into at the pace of its reader.

import { primordials } from "../../primordials.js";
import { ReadableStream } from "../../streams/readable_stream.js";

const { TypedArrayPrototypeGetByteLength, Uint8Array } = primordials;

/** How much of it waits for its reader. */
const HIGH_WATER_MARK = 65536;

export class BodySink {
  #controller;
  /** Called when there is room again. */
  #waiting = null;
  #isOver = false;

  /** `onCancel(reason)`: the reader gives up. */
  constructor(onCancel) {
    this.stream = new ReadableStream({
      __proto__: null,
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#goOn(),
      cancel: (reason) => {
        this.#isOver = true;
        onCancel(reason);
        this.#goOn();
      },
    }, { __proto__: null, highWaterMark: HIGH_WATER_MARK, size: (chunk) => TypedArrayPrototypeGetByteLength(chunk) });
  }

  #goOn() {
    const callback = this.#waiting;
    this.#waiting = null;
    if (callback !== null) callback();
  }

  /** The chunk is copied: its writer may use it for something else after `callback`. */
  write(chunk, callback) {
    if (this.#isOver) return void callback();
    try {
      this.#controller.enqueue(new Uint8Array(chunk));
    } catch (error) {
      return void callback(error);
    }
    if (this.#controller.desiredSize > 0) callback();
    else this.#waiting = callback;
  }

  end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.close();
  }

  fail(error) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.error(error);
    this.#goOn();
  }
}
