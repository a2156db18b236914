// node:_stream_writable, which older packages name.

import { moduleExports as stream } from "../stream.js";

export const moduleExports = stream.Writable;
