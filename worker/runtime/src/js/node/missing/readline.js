// node:readline: there is no terminal. An interface can be made, and hears of nothing.

import { primordials } from "../../primordials.js";
import { moduleExports as EventEmitter } from "../events.js";
import { hollowClass } from "../internal/missing.js";
import { moduleExports as promises } from "./readline_promises.js";

const { ObjectAssign } = primordials;

const methods = ["getCursorPos", "getPrompt", "pause", "prompt", "question", "resume", "setPrompt", "write"];
const Interface = hollowClass("readline", "Interface", methods, EventEmitter);
ObjectAssign(Interface.prototype, {
  /** @this {any} */
  close() {
    this.emit("close");
  },
});

export const moduleExports = {
  Interface,
  clearLine: () => false,
  clearScreenDown: () => false,
  createInterface: () => new Interface(),
  cursorTo: () => false,
  emitKeypressEvents() {},
  moveCursor: () => false,
  promises,
};
