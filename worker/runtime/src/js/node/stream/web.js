// node:stream/web (nodejs.org/api/webstreams.html): the streams that are global.

import { CompressionStream } from "../../compression/compression_stream.js";
import { DecompressionStream } from "../../compression/decompression_stream.js";
import { TextDecoderStream } from "../../encoding/text_decoder_stream.js";
import { TextEncoderStream } from "../../encoding/text_encoder_stream.js";
import { ByteLengthQueuingStrategy } from "../../streams/byte_length_queuing_strategy.js";
import { CountQueuingStrategy } from "../../streams/count_queuing_strategy.js";
import { ReadableByteStreamController } from "../../streams/readable_byte_stream_controller.js";
import { ReadableStream } from "../../streams/readable_stream.js";
import { ReadableStreamBYOBReader } from "../../streams/readable_stream_byob_reader.js";
import { ReadableStreamBYOBRequest } from "../../streams/readable_stream_byob_request.js";
import { ReadableStreamDefaultController } from "../../streams/readable_stream_default_controller.js";
import { ReadableStreamDefaultReader } from "../../streams/readable_stream_default_reader.js";
import { TransformStream } from "../../streams/transform_stream.js";
import { TransformStreamDefaultController } from "../../streams/transform_stream_default_controller.js";
import { WritableStream } from "../../streams/writable_stream.js";
import { WritableStreamDefaultController } from "../../streams/writable_stream_default_controller.js";
import { WritableStreamDefaultWriter } from "../../streams/writable_stream_default_writer.js";

export const moduleExports = {
  ByteLengthQueuingStrategy,
  CompressionStream,
  CountQueuingStrategy,
  DecompressionStream,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TextDecoderStream,
  TextEncoderStream,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
};
