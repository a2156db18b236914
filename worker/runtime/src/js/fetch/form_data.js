// FormData (https://xhr.spec.whatwg.org/#interface-formdata).

import { registerInspector } from "../console/inspect.js";
import { isBlob } from "../file/blob.js";
import { fileFromBlob, isFile } from "../file/file.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, illegalInvocation, isObject, kInternal, requireArguments,
} from "../webidl.js";
import { defineIterable } from "../webidl/iterable.js";
import { PairList } from "../webidl/pair_list.js";
import { Body, registerBodyType } from "./body.js";
import { encodeMultipart } from "./multipart.js";

const { ArrayIsArray, ArrayPrototypePush } = primordials;
const { USVString } = converters;

let internals;

export class FormData {
  // Values are strings or Files.
  #list = new PairList([]);

  constructor(form = undefined) {
    // A form is an HTML element, and there are none.
    if (form !== undefined && form !== kInternal) {
      throw conversionError("Failed to construct 'FormData'", "Argument 1", "is not of type HTMLFormElement");
    }
  }

  append(name, value, filename = undefined) {
    if (!(#list in this)) throw illegalInvocation("FormData");
    const prefix = "Failed to execute 'append' on 'FormData'";
    requireArguments(arguments.length, 2, prefix);
    name = USVString(name, prefix, "Argument 1");
    value = toEntryValue(value, filename, arguments.length > 2, prefix);
    this.#list.append(name, value);
  }

  delete(name) {
    if (!(#list in this)) throw illegalInvocation("FormData");
    const prefix = "Failed to execute 'delete' on 'FormData'";
    requireArguments(arguments.length, 1, prefix);
    name = USVString(name, prefix, "Argument 1");
    this.#list.delete(name);
  }

  get(name) {
    if (!(#list in this)) throw illegalInvocation("FormData");
    const prefix = "Failed to execute 'get' on 'FormData'";
    requireArguments(arguments.length, 1, prefix);
    name = USVString(name, prefix, "Argument 1");
    return this.#list.get(name) ?? null;
  }

  getAll(name) {
    if (!(#list in this)) throw illegalInvocation("FormData");
    const prefix = "Failed to execute 'getAll' on 'FormData'";
    requireArguments(arguments.length, 1, prefix);
    name = USVString(name, prefix, "Argument 1");
    return this.#list.getAll(name);
  }

  has(name) {
    if (!(#list in this)) throw illegalInvocation("FormData");
    const prefix = "Failed to execute 'has' on 'FormData'";
    requireArguments(arguments.length, 1, prefix);
    name = USVString(name, prefix, "Argument 1");
    return this.#list.has(name);
  }

  set(name, value, filename = undefined) {
    if (!(#list in this)) throw illegalInvocation("FormData");
    const prefix = "Failed to execute 'set' on 'FormData'";
    requireArguments(arguments.length, 2, prefix);
    name = USVString(name, prefix, "Argument 1");
    value = toEntryValue(value, filename, arguments.length > 2, prefix);
    this.#list.set(name, value);
  }

  static {
    internals = {
      __proto__: null,
      list: (value) => (isObject(value) && #list in value ? value.#list : undefined),
      create(items) {
        const data = new FormData(kInternal);
        data.#list.replace(items);
        return data;
      },
    };
  }
}

// "Create an entry": a string, or a File of its own name or the one that was given.
function toEntryValue(value, filename, hasFilename, prefix) {
  if (!isBlob(value)) {
    if (hasFilename) throw conversionError(prefix, "Argument 2", "is not of type Blob");
    return USVString(value, prefix, "Argument 2");
  }
  if (filename !== undefined) return fileFromBlob(value, USVString(filename, prefix, "Argument 3"));
  return isFile(value) ? value : fileFromBlob(value, "blob");
}

configureInterface(FormData);
defineIterable(FormData, "FormData", (value) => {
  const list = internals.list(value);
  if (list === undefined) throw illegalInvocation("FormData");
  return list;
});

/** A FormData of entries `[name, value, …]`, which become its own. */
export function createFormData(list) {
  return internals.create(list);
}

registerBodyType((value) => internals.list(value) !== undefined, (data) => {
  const { bytes, type } = encodeMultipart(internals.list(data).settled());
  return new Body(bytes, type);
});
registerInspector(FormData.prototype, (value) => {
  const list = internals.list(value)?.settled();
  if (list === undefined) return undefined;
  const entries = { __proto__: null };
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i];
    if (entries[name] === undefined) entries[name] = list[i + 1];
    else if (ArrayIsArray(entries[name])) ArrayPrototypePush(entries[name], list[i + 1]);
    else entries[name] = [entries[name], list[i + 1]];
  }
  return entries;
});
