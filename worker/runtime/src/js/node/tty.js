// node:tty (nodejs.org/api/tty.html): there is no terminal.

import { notImplemented } from "./internal/errors.js";

class ReadStream {
  constructor() {
    throw notImplemented("tty.ReadStream");
  }
}

class WriteStream {
  constructor() {
    throw notImplemented("tty.WriteStream");
  }
}

export const moduleExports = { isatty: () => false, ReadStream, WriteStream };
