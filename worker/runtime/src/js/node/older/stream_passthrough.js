// node:_stream_passthrough, which older packages name.

import { moduleExports as stream } from "../stream.js";

export const moduleExports = stream.PassThrough;
