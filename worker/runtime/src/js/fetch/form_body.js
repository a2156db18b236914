// What `blob()` and `formData()` make of a body.

import { createBlob, normalizeType } from "../file/blob.js";
import { forms } from "./body.js";
import { createFormData } from "./form_data.js";
import { extractMimeType, serializeMimeType } from "./mime_type.js";
import { decodeFormBody } from "./multipart.js";

/** `content`: the whole body, a string or bytes of its own. `contentType`: the header's values, joined, or null. */
export function blobOfBody(content, contentType) {
  const type = extractMimeType(contentType);
  return createBlob(forms.bytes(content), type === null ? "" : normalizeType(serializeMimeType(type)));
}

/** The same arguments. Throws where the body is no form data. */
export function formDataOfBody(content, contentType) {
  return createFormData(decodeFormBody(content, extractMimeType(contentType)));
}
