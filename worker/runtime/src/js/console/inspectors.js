// How the platform's own objects are printed: their attributes, as Node shows those of its classes.

import { CompressionStream, describeCompressionStream } from "../compression/compression_stream.js";
import { DecompressionStream, describeDecompressionStream } from "../compression/decompression_stream.js";
import { AbortController, AbortSignal, isAborted, isAbortSignal, signalOfController } from "../dom/abort.js";
import { Event, describeEvent } from "../dom/event.js";
import { TextDecoder, describeTextDecoder } from "../encoding/text_decoder.js";
import { TextDecoderStream, describeTextDecoderStream } from "../encoding/text_decoder_stream.js";
import { TextEncoder, isTextEncoder } from "../encoding/text_encoder.js";
import { TextEncoderStream, describeTextEncoderStream } from "../encoding/text_encoder_stream.js";
import { Performance, isPerformance } from "../performance/performance.js";
import { timeOrigin } from "../performance/clock.js";
import { describeStream } from "../streams/inspection.js";
import { ReadableStream } from "../streams/readable_stream.js";
import { WritableStream } from "../streams/writable_stream.js";
import { URLSearchParams, searchParamsList } from "../url/search_params.js";
import { URL, describeURL } from "../url/url.js";
import { registerInspector } from "./inspect.js";

registerInspector(AbortController.prototype, (value) => {
  const signal = signalOfController(value);
  return signal === undefined ? undefined : { __proto__: null, signal };
});
registerInspector(AbortSignal.prototype, (value) =>
  isAbortSignal(value) ? { __proto__: null, aborted: isAborted(value) } : undefined);
registerInspector(CompressionStream.prototype, describeCompressionStream);
registerInspector(DecompressionStream.prototype, describeDecompressionStream);
registerInspector(Event.prototype, describeEvent);
registerInspector(Performance.prototype, (value) =>
  isPerformance(value) ? { __proto__: null, timeOrigin: timeOrigin() } : undefined);
registerInspector(TextDecoder.prototype, describeTextDecoder);
registerInspector(TextDecoderStream.prototype, describeTextDecoderStream);
registerInspector(TextEncoder.prototype, (value) =>
  isTextEncoder(value) ? { __proto__: null, encoding: "utf-8" } : undefined);
registerInspector(TextEncoderStream.prototype, describeTextEncoderStream);
registerInspector(URL.prototype, describeURL);
registerInspector(URLSearchParams.prototype, searchParamsList, true);

function streamProperties(value) {
  const description = describeStream(value);
  return description === undefined ? undefined : description[1];
}
registerInspector(ReadableStream.prototype, streamProperties);
registerInspector(WritableStream.prototype, streamProperties);
