// node:readline/promises: there is no terminal.

import { moduleExports as EventEmitter } from "../events.js";
import { hollowClass } from "../internal/missing.js";

const Interface = hollowClass("readline/promises", "Interface", ["close", "pause", "prompt", "question", "resume", "setPrompt", "write"], EventEmitter);

export const moduleExports = {
  Interface,
  Readline: hollowClass("readline/promises", "Readline", ["clearLine", "clearScreenDown", "commit", "cursorTo", "moveCursor", "rollback"]),
  createInterface: () => new Interface(),
};
