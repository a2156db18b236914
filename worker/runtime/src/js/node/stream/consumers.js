// node:stream/consumers (nodejs.org/api/webstreams.html#utility-consumers).

import { TextDecoder } from "../../encoding/text_decoder.js";
import { Blob } from "../../file/blob.js";
import { primordials } from "../../primordials.js";
import { moduleExports as bufferModule } from "../buffer.js";
import { Cursor } from "./cursor.js";

const { ArrayPrototypePush, FunctionPrototypeCall, JSONParse } = primordials;

const { Buffer } = bufferModule;
const { arrayBuffer: bytesOfBlob } = Blob.prototype;
const { decode } = TextDecoder.prototype;

async function forEach(stream, callback) {
  const cursor = new Cursor(stream);
  try {
    for (;;) {
      const step = await cursor.step();
      if (cursor.isDone(step)) return;
      callback(step.value);
    }
  } finally {
    if (cursor.isInside) await cursor.close();
  }
}

async function blob(stream) {
  const chunks = [];
  await forEach(stream, (chunk) => ArrayPrototypePush(chunks, chunk));
  return new Blob(chunks);
}

async function arrayBuffer(stream) {
  const result = await blob(stream);
  return FunctionPrototypeCall(bytesOfBlob, result);
}

async function buffer(stream) {
  return Buffer.from(await arrayBuffer(stream));
}

async function text(stream) {
  const decoder = new TextDecoder();
  let result = "";
  await forEach(stream, (chunk) => {
    result += typeof chunk === "string" ? chunk : FunctionPrototypeCall(decode, decoder, chunk, { __proto__: null, stream: true });
  });
  return result + FunctionPrototypeCall(decode, decoder);
}

async function json(stream) {
  return JSONParse(await text(stream));
}

export const moduleExports = { arrayBuffer, blob, buffer, json, text };
