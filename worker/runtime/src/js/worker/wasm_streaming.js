// WebAssembly.compileStreaming and instantiateStreaming (https://webassembly.github.io/spec/web-api/). The response is read whole:
// there is one thread, which could compile nothing meanwhile.

import { Response, responseForWasm } from "../fetch/response.js";
import { primordials } from "../primordials.js";

const {
  FunctionPrototypeCall, ObjectDefineProperty, ReflectApply, StringPrototypeToLowerCase, StringPrototypeTrim, TypeError,
  globalThis: global,
} = primordials;
const { arrayBuffer } = Response.prototype;

/** A promise of the bytes of a response that is WebAssembly. */
function bytesOf(response, name) {
  const prefix = `WebAssembly.${name}()`;
  const found = responseForWasm(response);
  if (found === null) throw new TypeError(`${prefix}: the source is no Response`);
  if (!found.ok) throw new TypeError(`${prefix}: the response's status is not ok`);
  if (found.type === null || StringPrototypeToLowerCase(StringPrototypeTrim(found.type)) !== "application/wasm") {
    throw new TypeError(`${prefix}: the response's content-type is not application/wasm`);
  }
  return FunctionPrototypeCall(arrayBuffer, response);
}

/** Called when the isolate has its program: V8 adds WebAssembly to a realm only when that is restored from the snapshot. */
export function defineWasmStreaming() {
  const { WebAssembly } = global;
  const { compile, instantiate } = WebAssembly;
  const functions = {
    async compileStreaming(source) {
      return await ReflectApply(compile, WebAssembly, [await bytesOf(await source, "compileStreaming")]);
    },
    async instantiateStreaming(source, importObject = undefined) {
      const bytes = await bytesOf(await source, "instantiateStreaming");
      return await ReflectApply(instantiate, WebAssembly, [bytes, importObject]);
    },
  };
  for (const name in functions) {
    ObjectDefineProperty(WebAssembly, name, {
      __proto__: null, value: functions[name], writable: true, enumerable: true, configurable: true,
    });
  }
}
