// atob and btoa (https://html.spec.whatwg.org/multipage/webappapis.html#atob).

import { DOMException } from "../dom/dom_exception.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { converters, requireArguments } from "../webidl.js";

const { RegExpPrototypeExec } = primordials;

const notByte = /[^\0-\xff]/;

export function btoa(data) {
  const prefix = "Failed to execute 'btoa'";
  requireArguments(arguments.length, 1, prefix);
  data = converters.DOMString(data, prefix, "Argument 1");
  if (RegExpPrototypeExec(notByte, data) !== null) {
    throw new DOMException(`${prefix}: The string contains a character outside of the Latin-1 range`, "InvalidCharacterError");
  }
  return ops.base64Encode(data);
}

export function atob(data) {
  const prefix = "Failed to execute 'atob'";
  requireArguments(arguments.length, 1, prefix);
  const decoded = ops.base64Decode(converters.DOMString(data, prefix, "Argument 1"));
  if (decoded === undefined) {
    throw new DOMException(`${prefix}: The string is not correctly encoded`, "InvalidCharacterError");
  }
  return decoded;
}
