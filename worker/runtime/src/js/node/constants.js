// node:constants (deprecated): those of node:os and node:fs, in one object.

import { primordials } from "../primordials.js";
import { constants as files } from "./fs/flags.js";
import { moduleExports as os } from "./os.js";

const { ObjectAssign } = primordials;

const { errno, priority, signals } = os.constants;

export const moduleExports = ObjectAssign({ __proto__: null }, errno, priority, signals, files);
