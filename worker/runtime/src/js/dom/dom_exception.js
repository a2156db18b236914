// DOMException (https://webidl.spec.whatwg.org/#idl-DOMException).

import { primordials } from "../primordials.js";
import { configureInterface, converters, defineConstants, illegalInvocation } from "../webidl.js";

const {
  Error, ErrorCaptureStackTrace, ObjectDefineProperty, ObjectSetPrototypeOf,
} = primordials;

// §2.8.1, the names that have a legacy code, by their codes.
const codeNames = [
  undefined, "INDEX_SIZE_ERR", "DOMSTRING_SIZE_ERR", "HIERARCHY_REQUEST_ERR", "WRONG_DOCUMENT_ERR", "INVALID_CHARACTER_ERR",
  "NO_DATA_ALLOWED_ERR", "NO_MODIFICATION_ALLOWED_ERR", "NOT_FOUND_ERR", "NOT_SUPPORTED_ERR", "INUSE_ATTRIBUTE_ERR",
  "INVALID_STATE_ERR", "SYNTAX_ERR", "INVALID_MODIFICATION_ERR", "NAMESPACE_ERR", "INVALID_ACCESS_ERR", "VALIDATION_ERR",
  "TYPE_MISMATCH_ERR", "SECURITY_ERR", "NETWORK_ERR", "ABORT_ERR", "URL_MISMATCH_ERR", "QUOTA_EXCEEDED_ERR", "TIMEOUT_ERR",
  "INVALID_NODE_TYPE_ERR", "DATA_CLONE_ERR",
];
const codes = {
  __proto__: null,
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
};

let isDOMExceptionImpl;
let cloneDOMExceptionImpl;

export class DOMException {
  #name;
  #message;

  constructor(message = "", name = "Error") {
    const prefix = "Failed to construct 'DOMException'";
    this.#message = converters.DOMString(message, prefix, "Argument 1");
    this.#name = converters.DOMString(name, prefix, "Argument 2");
    // The own, non-enumerable `stack` of every other error; its first line reads name and message from here.
    ErrorCaptureStackTrace(this, new.target);
  }

  get name() {
    if (!(#name in this)) throw illegalInvocation("DOMException");
    return this.#name;
  }

  get message() {
    if (!(#name in this)) throw illegalInvocation("DOMException");
    return this.#message;
  }

  get code() {
    if (!(#name in this)) throw illegalInvocation("DOMException");
    return codes[this.#name] ?? 0;
  }

  static {
    isDOMExceptionImpl = (value) => typeof value === "object" && value !== null && #name in value;
    cloneDOMExceptionImpl = (exception) => {
      const copy = new DOMException(exception.#message, exception.#name);
      const { stack } = exception;
      if (typeof stack === "string") {
        ObjectDefineProperty(copy, "stack", { __proto__: null, value: stack, writable: true, enumerable: false, configurable: true });
      }
      return copy;
    };
  }
}

ObjectSetPrototypeOf(DOMException.prototype, Error.prototype);
configureInterface(DOMException);
const constants = { __proto__: null };
for (let code = 1; code < codeNames.length; code++) constants[codeNames[code]] = code;
defineConstants(DOMException, constants);

/** The brand check. */
export function isDOMException(value) {
  return isDOMExceptionImpl(value);
}

/** A copy for structuredClone, with the stack of the original. */
export function cloneDOMException(exception) {
  return cloneDOMExceptionImpl(exception);
}
