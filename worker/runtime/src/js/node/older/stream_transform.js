// node:_stream_transform, which older packages name.

import { moduleExports as stream } from "../stream.js";

export const moduleExports = stream.Transform;
