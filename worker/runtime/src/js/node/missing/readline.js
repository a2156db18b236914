// node:readline: there is no terminal.

import { missingClass, missingFunctions } from "../internal/missing.js";

const names = ["createInterface", "clearLine", "clearScreenDown", "cursorTo", "emitKeypressEvents", "moveCursor"];

export const moduleExports = {
  ...missingFunctions("readline", names),
  Interface: missingClass("readline", "Interface"),
  promises: { ...missingFunctions("readline", ["createInterface"]), Interface: missingClass("readline", "Interface") },
};
