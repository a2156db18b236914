// node:_stream_readable, which older packages name.

import { moduleExports as stream } from "../stream.js";

export const moduleExports = stream.Readable;
