// File (https://w3c.github.io/FileAPI/#file-section).

import { registerInspector } from "../console/inspect.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, converters, createDictionaryConverter, illegalInvocation, isObject, kInternal, requireArguments, setCloner,
} from "../webidl.js";
import { Blob, blobBytes, blobPropertyBag, blobType, joinParts, normalizeType, toBlobParts } from "./blob.js";

const { DateNow, TypedArrayPrototypeGetByteLength } = primordials;

const toOptions = createDictionaryConverter("FilePropertyBag", blobPropertyBag, [
  { key: "lastModified", converter: converters["long long"] },
]);

let internals;

export class File extends Blob {
  #name;
  #lastModified;

  constructor(fileBits, fileName, options = undefined) {
    if (fileBits === kInternal) {
      super(kInternal, options);
      this.#name = fileName;
      this.#lastModified = options.lastModified;
      return;
    }
    const prefix = "Failed to construct 'File'";
    requireArguments(arguments.length, 2, prefix);
    const parts = toBlobParts(fileBits, prefix, "Argument 1");
    const name = converters.USVString(fileName, prefix, "Argument 2");
    const { endings, type, lastModified } = toOptions(options, prefix, "Argument 3");
    super(kInternal, { __proto__: null, bytes: joinParts(parts, endings), type: type === undefined ? "" : normalizeType(type) });
    this.#name = name;
    this.#lastModified = lastModified === undefined ? DateNow() : lastModified;
  }

  get name() {
    if (!(#name in this)) throw illegalInvocation("File");
    return this.#name;
  }

  get lastModified() {
    if (!(#name in this)) throw illegalInvocation("File");
    return this.#lastModified;
  }

  static {
    internals = {
      __proto__: null,
      is: (value) => isObject(value) && #name in value,
      name: (file) => file.#name,
      lastModified: (file) => file.#lastModified,
    };
  }
}

configureInterface(File);

/** The brand check. */
export function isFile(value) {
  return internals.is(value);
}

/** The name of a file. */
export function fileName(file) {
  return internals.name(file);
}

/** A file of bytes that nothing else will change. */
export function createFile(bytes, type, name, lastModified = DateNow()) {
  return new File(kInternal, name, { __proto__: null, bytes, type, lastModified });
}

/** A file with the bytes of a blob; of a file, its time as well. */
export function fileFromBlob(blob, name) {
  return createFile(blobBytes(blob), blobType(blob), name, internals.is(blob) ? internals.lastModified(blob) : DateNow());
}

setCloner(File.prototype, (value) => (internals.is(value) ? fileFromBlob(value, internals.name(value)) : undefined));
registerInspector(File.prototype, (value) =>
  internals.is(value)
    ? {
      __proto__: null,
      size: TypedArrayPrototypeGetByteLength(blobBytes(value)),
      type: blobType(value),
      name: internals.name(value),
      lastModified: internals.lastModified(value),
    }
    : undefined);
