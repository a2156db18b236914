// node:constants (deprecated): those of node:os, node:fs and node:crypto, in one object.

import { primordials } from "../primordials.js";
import { constants as crypto } from "./crypto/constants.js";
import { constants as files } from "./fs/flags.js";
import { moduleExports as os } from "./os.js";

const { ObjectAssign } = primordials;

const { dlopen, errno, priority, signals } = os.constants;

export const moduleExports = ObjectAssign({ __proto__: null }, dlopen, errno, priority, signals, files, crypto);
