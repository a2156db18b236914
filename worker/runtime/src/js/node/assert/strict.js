// node:assert/strict (nodejs.org/api/assert.html#strict-assertion-mode).

import { moduleExports as assert } from "../assert.js";

export const moduleExports = assert.strict;
