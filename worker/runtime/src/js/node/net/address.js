// What a text is an address of.

import { primordials } from "../../primordials.js";

const { RegExp, RegExpPrototypeExec, String } = primordials;

const V4 = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d|\\d)(?:\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d|\\d)){3}";
const H = "[0-9a-fA-F]{1,4}";
const IPV4 = new RegExp(`^${V4}$`);
const IPV6 = new RegExp(
  `^(?:(?:${H}:){7}(?:${H}|:)|(?:${H}:){6}(?:${V4}|:${H}|:)|(?:${H}:){5}(?::${V4}|(?::${H}){1,2}|:)|(?:${H}:){4}(?:(?::${H})?:${V4}|(?::${H}){1,3}|:)|` +
  `(?:${H}:){3}(?:(?::${H}){0,2}:${V4}|(?::${H}){1,4}|:)|(?:${H}:){2}(?:(?::${H}){0,3}:${V4}|(?::${H}){1,5}|:)|` +
  `(?:${H}:)(?:(?::${H}){0,4}:${V4}|(?::${H}){1,6}|:)|(?::(?:(?::${H}){0,5}:${V4}|(?::${H}){1,7}|:)))(?:%[0-9a-zA-Z-.:]{1,})?$`,
);

export function isIPv4(text) {
  return RegExpPrototypeExec(IPV4, String(text)) !== null;
}

export function isIPv6(text) {
  return RegExpPrototypeExec(IPV6, String(text)) !== null;
}
