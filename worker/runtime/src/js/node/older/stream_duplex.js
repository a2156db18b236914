// node:_stream_duplex, which older packages name.

import { moduleExports as stream } from "../stream.js";

export const moduleExports = stream.Duplex;
