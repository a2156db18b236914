// The errors of the Web Cryptography API (https://w3c.github.io/webcrypto/#SubtleCrypto-Exceptions).

import { DOMException } from "../dom/dom_exception.js";

export function notSupported(message) {
  return new DOMException(message, "NotSupportedError");
}

export function syntaxError(message) {
  return new DOMException(message, "SyntaxError");
}

export function invalidAccess(message) {
  return new DOMException(message, "InvalidAccessError");
}

export function dataError(message) {
  return new DOMException(message, "DataError");
}

export function operationError(message) {
  return new DOMException(message, "OperationError");
}
