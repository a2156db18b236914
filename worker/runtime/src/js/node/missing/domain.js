// node:domain (deprecated): domains can be made, and catch nothing.

import { moduleExports as EventEmitter } from "../events.js";
import { hollowClass } from "../internal/missing.js";

const Domain = hollowClass("domain", "Domain", ["add", "bind", "enter", "exit", "intercept", "remove", "run"], EventEmitter);
const create = () => new Domain();

export const moduleExports = { Domain, active: null, create, createDomain: create };
