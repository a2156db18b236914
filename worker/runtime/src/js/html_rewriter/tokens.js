// What an HTMLRewriter calls its handlers with: Element, EndTag, Comment, Text, Doctype, DocumentEnd. They are only good for anything
// while their handler runs, or its promise is pending.
//
// NANO: their properties are those of interfaces, on the prototype; in Workers they are the objects' own.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { seal } from "../streams/sealed_class.js";
import {
  configureInterface, converters, createDictionaryConverter, illegalConstructor, illegalInvocation, isObject, kInternal,
  requireArguments,
} from "../webidl.js";
import { contentOf } from "./content.js";

const { Error, IteratorPrototype, ObjectSetPrototypeOf, SymbolIterator, TypeError } = primordials;

const GONE = "This content token is no longer valid. Content tokens are only valid during the execution of the relevant content handler.";
const MODIFIED = "The attributes of this element have been modified during iteration. You must create a new iterator after modifying attributes.";
const STRINGS_ONLY =
  "Replacing content in HTML comments using a ReadableStream or Response object is not implemented. You must provide a string.";

// Where content goes, and which text is meant; ops/html_rewriter/tokens.rs has the same numbers.
const BEFORE = 0;
const AFTER = 1;
const PREPEND = 2;
const APPEND = 3;
const REPLACE = 4;
const SET_INNER = 5;
const NAME = 0;
const TEXT = 0;
const NAMESPACE = 1;
const PUBLIC_ID = 1;
const SYSTEM_ID = 2;

/** For how long a token is good: one call of a handler. */
export class Scope {
  #id;
  /** What the token is of. */
  rewriting;
  /** Counts the changes of attributes. */
  changes = 0;

  constructor(id, rewriting) {
    this.#id = id;
    this.rewriting = rewriting;
  }

  /** The native id of the rewriter. Throws when it is over. */
  get id() {
    if (this.#id < 0) throw new TypeError(GONE);
    return this.#id;
  }

  end() {
    this.#id = -1;
  }
}
seal(Scope);

const toContentOptions = createDictionaryConverter("ContentOptions", [{ key: "html", converter: converters.boolean }]);

function prefixOf(name, member) {
  return `Failed to execute '${member}' on '${name}'`;
}

/** Puts a content somewhere. `given`: how many arguments there were. */
function insert(scope, place, value, options, given, name, member, takesStreams) {
  const prefix = prefixOf(name, member);
  requireArguments(given, 1, prefix);
  const content = contentOf(value);
  if (content !== undefined && !takesStreams) throw new TypeError(STRINGS_ONLY);
  const text = content === undefined ? converters.DOMString(value, prefix, "Argument 1") : "";
  const html = toContentOptions(options, prefix, "Argument 2").html === true;
  // What the app does in conversions may end the scope.
  const { id } = scope;
  if (content === undefined) ops.rewriterContent(id, place, text, html);
  else if (content !== null) ops.rewriterStream(id, place, scope.rewriting.number({ __proto__: null, value: content, html }));
}

class Element {
  #scope;

  constructor(brand = undefined, scope = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#scope = scope;
  }

  get tagName() {
    return ops.rewriterText(Element.#of(this).id, NAME);
  }

  set tagName(value) {
    const scope = Element.#of(this);
    const name = converters.DOMString(value, "Failed to set 'tagName' on 'Element'", "The value");
    ops.rewriterSetText(scope.id, name);
  }

  get attributes() {
    const scope = Element.#of(this);
    // Throws when it is over.
    scope.id;
    return new AttributesIterator(kInternal, scope);
  }

  get removed() {
    return ops.rewriterFlag(Element.#of(this).id, false);
  }

  get namespaceURI() {
    return ops.rewriterText(Element.#of(this).id, NAMESPACE);
  }

  getAttribute(name) {
    const scope = Element.#of(this);
    name = nameOf(name, arguments.length, "getAttribute");
    return ops.rewriterAttribute(scope.id, name);
  }

  hasAttribute(name) {
    const scope = Element.#of(this);
    name = nameOf(name, arguments.length, "hasAttribute");
    return ops.rewriterHasAttribute(scope.id, name);
  }

  setAttribute(name, value) {
    const scope = Element.#of(this);
    const prefix = prefixOf("Element", "setAttribute");
    requireArguments(arguments.length, 2, prefix);
    name = converters.DOMString(name, prefix, "Argument 1");
    value = converters.DOMString(value, prefix, "Argument 2");
    ops.rewriterSetAttribute(scope.id, name, value);
    scope.changes++;
    return this;
  }

  removeAttribute(name) {
    const scope = Element.#of(this);
    name = nameOf(name, arguments.length, "removeAttribute");
    ops.rewriterRemoveAttribute(scope.id, name);
    scope.changes++;
    return this;
  }

  before(content, options = undefined) {
    insert(Element.#of(this), BEFORE, content, options, arguments.length, "Element", "before", true);
    return this;
  }

  after(content, options = undefined) {
    insert(Element.#of(this), AFTER, content, options, arguments.length, "Element", "after", true);
    return this;
  }

  prepend(content, options = undefined) {
    insert(Element.#of(this), PREPEND, content, options, arguments.length, "Element", "prepend", true);
    return this;
  }

  append(content, options = undefined) {
    insert(Element.#of(this), APPEND, content, options, arguments.length, "Element", "append", true);
    return this;
  }

  replace(content, options = undefined) {
    insert(Element.#of(this), REPLACE, content, options, arguments.length, "Element", "replace", true);
    return this;
  }

  setInnerContent(content, options = undefined) {
    insert(Element.#of(this), SET_INNER, content, options, arguments.length, "Element", "setInnerContent", true);
    return this;
  }

  remove() {
    ops.rewriterRemove(Element.#of(this).id, false);
    return this;
  }

  removeAndKeepContent() {
    ops.rewriterRemove(Element.#of(this).id, true);
    return this;
  }

  onEndTag(handler) {
    const scope = Element.#of(this);
    const prefix = prefixOf("Element", "onEndTag");
    requireArguments(arguments.length, 1, prefix);
    handler = converters.Function(handler, prefix, "Argument 1");
    const { id } = scope;
    ops.rewriterOnEndTag(id, scope.rewriting.number(handler));
  }

  static #of(object) {
    if (!isObject(object) || !(#scope in object)) throw illegalInvocation("Element");
    return object.#scope;
  }
}
configureInterface(Element);

function nameOf(name, given, member) {
  const prefix = prefixOf("Element", member);
  requireArguments(given, 1, prefix);
  return converters.DOMString(name, prefix, "Argument 1");
}

class AttributesIterator {
  #scope;
  #changes;
  #index = 0;

  constructor(brand = undefined, scope = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#scope = scope;
    this.#changes = scope.changes;
  }

  next() {
    if (!isObject(this) || !(#scope in this)) throw illegalInvocation("AttributesIterator");
    const { id } = this.#scope;
    if (this.#scope.changes !== this.#changes) throw new Error(MODIFIED);
    const value = ops.rewriterAttributeAt(id, this.#index);
    if (value === undefined) return { value: undefined, done: true };
    this.#index++;
    return { value, done: false };
  }

  [SymbolIterator]() {
    return this;
  }
}
configureInterface(AttributesIterator);
ObjectSetPrototypeOf(AttributesIterator.prototype, IteratorPrototype);

class EndTag {
  #scope;

  constructor(brand = undefined, scope = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#scope = scope;
  }

  get name() {
    return ops.rewriterText(EndTag.#of(this).id, NAME);
  }

  set name(value) {
    const scope = EndTag.#of(this);
    const name = converters.DOMString(value, "Failed to set 'name' on 'EndTag'", "The value");
    ops.rewriterSetText(scope.id, name);
  }

  before(content, options = undefined) {
    insert(EndTag.#of(this), BEFORE, content, options, arguments.length, "EndTag", "before", true);
    return this;
  }

  after(content, options = undefined) {
    insert(EndTag.#of(this), AFTER, content, options, arguments.length, "EndTag", "after", true);
    return this;
  }

  remove() {
    ops.rewriterRemove(EndTag.#of(this).id, false);
    return this;
  }

  static #of(object) {
    if (!isObject(object) || !(#scope in object)) throw illegalInvocation("EndTag");
    return object.#scope;
  }
}
configureInterface(EndTag);

class Comment {
  #scope;

  constructor(brand = undefined, scope = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#scope = scope;
  }

  get text() {
    return ops.rewriterText(Comment.#of(this).id, TEXT);
  }

  set text(value) {
    const scope = Comment.#of(this);
    const text = converters.DOMString(value, "Failed to set 'text' on 'Comment'", "The value");
    ops.rewriterSetText(scope.id, text);
  }

  get removed() {
    return ops.rewriterFlag(Comment.#of(this).id, false);
  }

  before(content, options = undefined) {
    insert(Comment.#of(this), BEFORE, content, options, arguments.length, "Comment", "before", false);
    return this;
  }

  after(content, options = undefined) {
    insert(Comment.#of(this), AFTER, content, options, arguments.length, "Comment", "after", false);
    return this;
  }

  replace(content, options = undefined) {
    insert(Comment.#of(this), REPLACE, content, options, arguments.length, "Comment", "replace", false);
    return this;
  }

  remove() {
    ops.rewriterRemove(Comment.#of(this).id, false);
    return this;
  }

  static #of(object) {
    if (!isObject(object) || !(#scope in object)) throw illegalInvocation("Comment");
    return object.#scope;
  }
}
configureInterface(Comment);

class Text {
  #scope;

  constructor(brand = undefined, scope = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#scope = scope;
  }

  get text() {
    return ops.rewriterText(Text.#of(this).id, TEXT);
  }

  get lastInTextNode() {
    return ops.rewriterFlag(Text.#of(this).id, true);
  }

  get removed() {
    return ops.rewriterFlag(Text.#of(this).id, false);
  }

  before(content, options = undefined) {
    insert(Text.#of(this), BEFORE, content, options, arguments.length, "Text", "before", true);
    return this;
  }

  after(content, options = undefined) {
    insert(Text.#of(this), AFTER, content, options, arguments.length, "Text", "after", true);
    return this;
  }

  replace(content, options = undefined) {
    insert(Text.#of(this), REPLACE, content, options, arguments.length, "Text", "replace", true);
    return this;
  }

  remove() {
    ops.rewriterRemove(Text.#of(this).id, false);
    return this;
  }

  static #of(object) {
    if (!isObject(object) || !(#scope in object)) throw illegalInvocation("Text");
    return object.#scope;
  }
}
configureInterface(Text);

class Doctype {
  #scope;

  constructor(brand = undefined, scope = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#scope = scope;
  }

  get name() {
    return ops.rewriterText(Doctype.#of(this).id, NAME);
  }

  get publicId() {
    return ops.rewriterText(Doctype.#of(this).id, PUBLIC_ID);
  }

  get systemId() {
    return ops.rewriterText(Doctype.#of(this).id, SYSTEM_ID);
  }

  static #of(object) {
    if (!isObject(object) || !(#scope in object)) throw illegalInvocation("Doctype");
    return object.#scope;
  }
}
configureInterface(Doctype);

class DocumentEnd {
  #scope;

  constructor(brand = undefined, scope = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#scope = scope;
  }

  append(content, options = undefined) {
    if (!isObject(this) || !(#scope in this)) throw illegalInvocation("DocumentEnd");
    insert(this.#scope, APPEND, content, options, arguments.length, "DocumentEnd", "append", false);
    return this;
  }
}
configureInterface(DocumentEnd);

/** By the native part's numbers of what a token is. */
const kinds = [null, Element, EndTag, Comment, Text, Doctype, DocumentEnd];

export function createToken(kind, scope) {
  const Token = kinds[kind];
  return new Token(kInternal, scope);
}
