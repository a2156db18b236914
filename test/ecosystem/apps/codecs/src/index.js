import { dispatch } from "../dispatch.js";
import pngdec from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm";
import jpegdec from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import jpegenc from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm";
import webpenc from "@jsquash/webp/codec/enc/webp_enc.wasm";
import tikwasm from "tiktoken/lite/tiktoken_bg.wasm";
import qjs from "../node_modules/@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm";
const PNG = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (c) =>
  c.charCodeAt(0),
);
const routes = {
  async png() {
    const d = await import("@jsquash/png/decode.js");
    await d.init(pngdec);
    const i = await d.default(PNG.buffer);
    return [i.width, [...i.data], i.constructor.name];
  },
  async jpeg() {
    const e = await import("@jsquash/jpeg/encode.js");
    await e.init(jpegenc);
    const d = await import("@jsquash/jpeg/decode.js");
    await d.init(jpegdec);
    const b = await e.default({ data: new Uint8ClampedArray(16 * 16 * 4).fill(120), width: 16, height: 16 });
    return [b.byteLength, typeof ImageData];
  },
  async webp() {
    const e = await import("@jsquash/webp/encode.js");
    await e.init(webpenc);
    const b = await e.default({ data: new Uint8ClampedArray(16 * 16 * 4).fill(120), width: 16, height: 16 });
    return b.byteLength;
  },
  async tiktoken() {
    const { init, Tiktoken } = await import("tiktoken/lite/init");
    await init((imports) => WebAssembly.instantiate(tikwasm, imports));
    const m = (await import("tiktoken/encoders/cl100k_base.json")).default;
    const t = new Tiktoken(m.bpe_ranks, m.special_tokens, m.pat_str);
    return [...t.encode("hello world")];
  },
  async jstiktoken() {
    const { Tiktoken } = await import("js-tiktoken/lite");
    const m = (await import("js-tiktoken/ranks/cl100k_base")).default;
    return new Tiktoken(m).encode("hello world");
  },
  async quickjs() {
    const { newQuickJSWASMModuleFromVariant, newVariant } = await import("quickjs-emscripten");
    const v = (await import("@jitl/quickjs-wasmfile-release-sync")).default;
    const Q = await newQuickJSWASMModuleFromVariant(newVariant(v, { wasmModule: qjs }));
    return Q.evalCode("1 + 2");
  },
  async snappy() {
    const s = await import("snappyjs");
    return new TextDecoder().decode(s.uncompress(s.compress(new TextEncoder().encode("hello hello"))));
  },
  async lz4() {
    const s = (await import("lz4js")).default;
    return new TextDecoder().decode(s.decompress(s.compress(new TextEncoder().encode("hello hello"))));
  },
  async gpt() {
    const g = await import("gpt-tokenizer");
    return g.encode("hello");
  },
};
export default dispatch(routes);
