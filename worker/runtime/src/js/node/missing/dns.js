// node:dns: the supervisor looks names up for fetch(), and for nothing else.

import { missingClass, missingFunctions } from "../internal/missing.js";

const names = [
  "lookup", "lookupService", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCaa", "resolveCname", "resolveMx", "resolveNaptr",
  "resolveNs", "resolvePtr", "resolveSoa", "resolveSrv", "resolveTxt", "reverse", "setServers",
];

const common = {
  ...missingFunctions("dns", names),
  Resolver: missingClass("dns", "Resolver"),
  getDefaultResultOrder: () => "verbatim",
  getServers: () => [],
  setDefaultResultOrder() {},
};

export const moduleExports = { ...common, promises: common };
