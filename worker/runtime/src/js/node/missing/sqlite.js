// node:sqlite: an app has no files of its own.

import { missingClass, missingFunctions } from "../internal/missing.js";

export const moduleExports = {
  ...missingFunctions("sqlite", ["backup"]),
  DatabaseSync: missingClass("sqlite", "DatabaseSync"),
  Session: missingClass("sqlite", "Session"),
  StatementSync: missingClass("sqlite", "StatementSync"),
  constants: {
    __proto__: null,
    SQLITE_CHANGESET_OMIT: 0, SQLITE_CHANGESET_REPLACE: 1, SQLITE_CHANGESET_ABORT: 2, SQLITE_CHANGESET_DATA: 1,
    SQLITE_CHANGESET_NOTFOUND: 2, SQLITE_CHANGESET_CONFLICT: 3, SQLITE_CHANGESET_CONSTRAINT: 4, SQLITE_CHANGESET_FOREIGN_KEY: 5,
  },
};
