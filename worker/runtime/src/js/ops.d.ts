// The types of the native operations, for tsc (`make lint`). What each does, its Rust function says (../ops/).
// A test (../ops/declarations.rs) holds the list of names equal to the operations that there are.

type Bytes = ArrayBuffer | SharedArrayBuffer | ArrayBufferView;
/** Number of a request, of a fetch, of a timer, of a decoder or coder. */
type Id = number;
/** Number of a key in native memory; undefined where the material is none. */
type KeyId = number;
/** Names and values in turn, byte strings. */
type HeaderList = string[];
/** The positions that `write_components` (../ops/url.rs) describes. */
type UrlComponents = Uint32Array;

export const version: string;

export const ops: {
  aesCbc(key: KeyId, encrypt: boolean, iv: Bytes, data: Bytes): ArrayBuffer | undefined;
  aesCtr(key: KeyId, counter: Bytes, length: number, data: Bytes): ArrayBuffer | undefined;
  aesGcm(
    key: KeyId, encrypt: boolean, iv: Bytes, additionalData: Bytes | undefined, tagLength: number, data: Bytes,
  ): ArrayBuffer | undefined;
  aesKeyWrap(key: KeyId, wrap: boolean, data: Bytes): ArrayBuffer | undefined;
  arrayBufferByteLength(value: unknown): number;
  base64Decode(text: string): string | undefined;
  base64Encode(bytes: string): string;
  base64urlDecode(text: string): ArrayBuffer | undefined;
  builtinModule(specifier: string): any;
  builtinModules(): string[];
  bytesToText(bytes: ArrayBufferView, encoding: number): string;
  coderClose(id: Id): void;
  coderComplaint(id: Id): string | undefined;
  coderLevel(id: Id, level: number): void;
  bundleFile(number: number): string | ArrayBuffer | undefined;
  bundleFileNames(from: number): string[];
  coderOpen(
    owner: object, format: string, decompress: boolean, level?: number, windowBits?: number, dictionary?: Bytes,
    parameters?: Int32Array, size?: number,
  ): Id | undefined;
  coderOutput(view: ArrayBufferView): void;
  coderStep(
    id: Id, input: ArrayBufferView, filled: number, flush: boolean | number, result: Uint32Array, limit?: number,
  ): void;
  constructorName(object: object): string;
  /** No operation: the places of the counters, by their names (../engine/counters.rs). */
  readonly counterPlaces: { readonly [name: string]: number };
  crc32(bytes: Bytes, before: number): number;
  decode(bytes: Bytes, encoding: string | undefined, fatal: boolean, ignoreBOM: boolean): string | undefined;
  decodeStream(id: Id, bytes: Bytes, fatal: boolean, last: boolean): string | undefined;
  decoderClose(id: Id): void;
  decoderOpen(encoding: string | undefined, ignoreBOM: boolean): Id;
  digest(hash: number, data: Bytes): ArrayBuffer;
  digestClose(id: Id): void;
  digestFinish(id: Id): ArrayBuffer;
  digestOpen(owner: object, hash: number): Id;
  digestUpdate(id: Id, bytes: Bytes): void;
  ecExport(id: KeyId, raw: boolean): ArrayBuffer;
  ecFromJwk(owner: object, curve: number, x: string, y: string, d: string | undefined): KeyId | undefined;
  ecGenerate(privateOwner: object, publicOwner: object, curve: number): [KeyId, KeyId];
  ecImport(owner: object, curve: number, format: "raw" | "spki" | "pkcs8", bytes: Bytes): KeyId | undefined;
  ecdhDerive(privateId: KeyId, publicId: KeyId): ArrayBuffer | undefined;
  ecdsaSign(id: KeyId, hash: number, data: Bytes): ArrayBuffer | undefined;
  ecdsaVerify(id: KeyId, hash: number, signature: Bytes, data: Bytes): boolean;
  ed25519Sign(id: KeyId, data: Bytes): ArrayBuffer | undefined;
  ed25519Verify(id: KeyId, signature: Bytes, data: Bytes): boolean;
  encodingName(label: string): string | undefined;
  fetchAbort(key: Id, reason: unknown): void;
  fetchBodyLength(key: Id): number;
  fetchBodyRead(key: Id): Uint8Array | null | Promise<Uint8Array | null>;
  fetchChunk(key: Id, chunk: Uint8Array): number;
  fetchDropped(key: Id): void;
  fetchEnd(key: Id): boolean;
  fetchStart(
    method: string, url: string, headers: HeaderList, body: null | string | Uint8Array | number,
    to: undefined | "assets" | "websocket" | { cache: string, call: "match" | "delete" | "put", status?: number, headers?: HeaderList },
  ): Id;
  fetchTakesBody(key: Id): boolean;
  findBytes(bytes: Uint8Array, needle: Uint8Array, from: number, step: number, isForward: boolean): number;
  formCost(bytes: Bytes): number;
  generateSecret(owner: object, length: number): KeyId;
  getAsyncContext(): unknown;
  handlerSettled(id: Id): void;
  hkdf(key: KeyId, hash: number, salt: Bytes, info: Bytes, length: number): ArrayBuffer | undefined;
  hmacSign(key: KeyId, hash: number, data: Bytes): ArrayBuffer;
  hmacVerify(key: KeyId, hash: number, signature: Bytes, data: Bytes): boolean;
  importSecret(owner: object, bytes: Bytes, length: number): KeyId;
  jsonCost(bytes: Bytes): number;
  keyToJwk(id: KeyId): string[];
  lazyBuiltin(path: string): any;
  log(level: "debug" | "info" | "warn" | "error", text: string): void;
  markPromiseHandled(promise: Promise<unknown>): void;
  memoryAllows(bytes: number): boolean;
  multipartParse(bytes: Bytes, boundary: string): (string | null | Uint8Array)[] | undefined;
  nodeAgree(privateKey: Id, publicKey: Id): ArrayBuffer | undefined;
  nodeCheckPrime(candidate: Bytes, checks: number): boolean | undefined;
  nodeCipherAdditional(id: Id, bytes: Bytes): boolean;
  nodeCipherFinish(id: Id): ArrayBuffer | undefined;
  nodeCipherInfo(name: string): any;
  nodeCipherOpen(owner: object, name: string, encrypt: boolean, key: Bytes, iv: Bytes): Id | undefined;
  nodeCipherPadding(id: Id, on: boolean): void;
  nodeCipherSetTag(id: Id, tag: Bytes): boolean;
  nodeCipherTag(id: Id, length: number): ArrayBuffer | undefined;
  nodeCipherUpdate(id: Id, bytes: Bytes): ArrayBuffer | undefined;
  nodeDigest(name: string, bytes: Bytes): ArrayBuffer | undefined;
  nodeDigestCopy(owner: object, id: Id): Id;
  nodeDigestFinish(id: Id, length: number | undefined): ArrayBuffer;
  nodeDigestInfo(name: string): any;
  nodeDigestOpen(owner: object, name: string, key: Bytes | undefined): Id | undefined;
  nodeDigestUpdate(id: Id, bytes: Bytes): void;
  nodeEcAgree(curve: string, privateKey: Bytes, peer: Bytes): ArrayBuffer | undefined;
  nodeEcConvert(curve: string, point: Bytes, form: string): ArrayBuffer | undefined;
  nodeEcGenerate(curve: string): ArrayBuffer | undefined;
  nodeEcPublic(curve: string, privateKey: Bytes): ArrayBuffer | undefined;
  nodeModularPower(base: Bytes, exponent: Bytes, modulus: Bytes): ArrayBuffer | undefined;
  nodeStandardPrime(bits: number): ArrayBuffer | undefined;
  nodeGeneratePrime(bits: number, safe: boolean, add: Bytes | undefined, rem: Bytes | undefined): ArrayBuffer | undefined;
  nodeHkdf(name: string, key: Bytes, salt: Bytes, info: Bytes, length: number): ArrayBuffer | undefined;
  nodeKeyEquals(a: Id, b: Id): boolean;
  nodeKeyExport(id: Id, form: string, cipher: string | undefined, passphrase: Bytes | undefined): ArrayBuffer | undefined;
  nodeKeyExportEncrypted(id: Id, form: string, cipher: string, passphrase: Bytes): ArrayBuffer | undefined;
  nodeKeyFromNumbers(owner: object, kind: string, isPrivate: boolean, numbers: Bytes[]): Id | undefined;
  nodeKeyGenerate(privateOwner: object, publicOwner: object, kind: string, bits: number, exponent: number): [Id, Id] | undefined;
  nodeKeyInfo(id: Id): any;
  nodeKeyNumbers(id: Id): ArrayBuffer[];
  nodeKeyParse(owner: object, isPrivate: boolean, form: string, data: Bytes, passphrase: Bytes | undefined): Id | string;
  nodeKeyPublic(owner: object, id: Id): Id | undefined;
  nodePbkdf2Start(name: string, password: Bytes, salt: Bytes, iterations: number, length: number): boolean;
  nodeRsaCrypt(
    id: Id, operation: string, padding: number, hash: string, label: Bytes | undefined, data: Bytes,
  ): ArrayBuffer | undefined;
  nodeSignData(id: Id, data: Bytes): ArrayBuffer | undefined;
  nodeSignDigest(
    id: Id, name: string, padding: number, saltLength: number, isP1363: boolean, digest: Bytes,
  ): ArrayBuffer | undefined;
  nodeVerifyData(id: Id, data: Bytes, signature: Bytes): boolean | undefined;
  nodeVerifyDigest(
    id: Id, name: string, padding: number, saltLength: number, isP1363: boolean, digest: Bytes, signature: Bytes,
  ): boolean | undefined;
  octetExport(id: KeyId, raw: boolean): ArrayBuffer;
  octetFromJwk(owner: object, curve: number, x: string, d: string | undefined): KeyId | undefined;
  octetGenerate(privateOwner: object, publicOwner: object, curve: number): [KeyId, KeyId];
  octetImport(owner: object, curve: number, format: "raw" | "spki" | "pkcs8", bytes: Bytes): KeyId | undefined;
  ownNonIndexProperties(object: object, onlyEnumerable: boolean): (string | symbol)[];
  pbkdf2Result(): ArrayBuffer;
  pbkdf2Start(key: KeyId, hash: number, salt: Bytes, iterations: number, length: number): void;
  pbkdf2Step(): boolean;
  performanceNow(): number;
  performanceTimeOrigin(): number;
  previewEntries(iterator: object): [unknown[], boolean];
  promiseDetails(promise: Promise<unknown>): [0 | 1 | 2, unknown];
  promiseHasHandler(value: unknown): boolean;
  proxyDetails(proxy: object): [object, object | null];
  queueMicrotask(callback: () => void): void;
  randomFill(view: ArrayBufferView): void;
  randomUuid(): string;
  rejectPromise(promise: Promise<unknown>, reason: unknown): void;
  reportError(error: unknown): void;
  requestBodyCancel(id: Id): void;
  requestBodyLength(id: Id): number;
  requestBodyRead(id: Id): Uint8Array | null | Promise<Uint8Array | null>;
  requestFailed(id: Id, reason: "threw" | "no-response" | "body", error: unknown): void;
  requestHeaders(id: Id): HeaderList;
  resolvePromise(promise: Promise<unknown>): void;
  respond(id: Id, status: number, headers: HeaderList, body: null | string | Uint8Array): void;
  respondInChunks(id: Id, status: number, headers: HeaderList): void;
  respondWithFetchBody(id: Id, status: number, headers: HeaderList, key: Id): boolean;
  respondWithRequestBody(id: Id, status: number, headers: HeaderList): boolean;
  responseChunk(id: Id, chunk: Uint8Array): number;
  responseEnd(id: Id): void;
  rewriterAttribute(id: Id, name: string): string | null;
  rewriterAttributeAt(id: Id, index: number): [string, string] | undefined;
  rewriterClose(id: Id): void;
  rewriterContent(id: Id, place: number, content: string, html: boolean): void;
  rewriterEnd(id: Id): number;
  rewriterFeed(id: Id, piece: Uint8Array, html: boolean): number;
  rewriterFlag(id: Id, last: boolean): boolean;
  rewriterHasAttribute(id: Id, name: string): boolean;
  rewriterOnEndTag(id: Id, handler: number): void;
  rewriterOpen(owner: object, encoding: string, registrations: (string | null | number)[]): Id;
  rewriterOutput(id: Id): Uint8Array | null;
  rewriterReleased(id: Id): number[];
  rewriterRemove(id: Id, keepContent: boolean): void;
  rewriterRemoveAttribute(id: Id, name: string): void;
  rewriterResume(id: Id): number;
  rewriterSelector(text: string): number;
  rewriterSetAttribute(id: Id, name: string, value: string): void;
  rewriterSetText(id: Id, text: string): void;
  rewriterStream(id: Id, place: number, content: number): void;
  rewriterText(id: Id, which: number): string | null;
  rewriterWrite(id: Id, chunk: Uint8Array, from: number): number;
  rsaExport(id: KeyId): ArrayBuffer;
  rsaFromJwk(
    owner: object, n: string, e: string,
    d?: string, p?: string, q?: string, dp?: string, dq?: string, qi?: string,
  ): KeyId | undefined;
  rsaGenerate(privateOwner: object, publicOwner: object, modulusLength: number): [KeyId, KeyId] | undefined;
  rsaImport(owner: object, isPrivate: boolean, bytes: Bytes): KeyId | undefined;
  rsaNumbers(id: KeyId): [number, Uint8Array];
  rsaOaep(id: KeyId, hash: number, label: Bytes | undefined, data: Bytes): ArrayBuffer | undefined;
  rsaSign(id: KeyId, hash: number, saltLength: number | undefined, data: Bytes): ArrayBuffer | undefined;
  rsaVerify(id: KeyId, hash: number, saltLength: number | undefined, signature: Bytes, data: Bytes): boolean;
  scryptResult(): ArrayBuffer;
  scryptStart(password: Bytes, salt: Bytes, N: number, r: number, p: number, length: number): void;
  scryptStep(): boolean;
  secretBytes(id: KeyId): ArrayBuffer;
  scheduledDone(id: Id, outcome: 0 | 1 | 2): void;
  setAsyncContext(value: unknown): void;
  setTicks(run: () => void): void;
  afterMicrotasks(run: () => void): void;
  structuredClone(
    value: unknown, transfer: ArrayBuffer[],
    isHostObject: (object: object) => boolean, cloneHostObject: (object: object) => unknown,
    dataCloneError: (message: string) => Error,
  ): unknown;
  textByteLength(text: string): number;
  textIntoBytes(text: string, bytes: ArrayBufferView, encoding: number): number;
  textToBytes(text: string, encoding: number): Uint8Array;
  timerAllocate(): Id | undefined;
  timerCancel(id: Id): void;
  timerStart(id: Id, milliseconds: number, awaited: boolean): void;
  timingSafeEqual(a: Bytes, b: Bytes): boolean;
  urlCanParse(input: string, base: string | undefined): boolean;
  urlParse(input: string, base: string | undefined, components: UrlComponents): string | undefined;
  urlSet(href: string, which: number, value: string, components: UrlComponents): string | undefined;
  urlPatternInput(input: string | (string | undefined)[], base: string | undefined): string[] | undefined;
  urlPatternParse(input: string | (string | undefined)[], base: string | undefined, ignoreCase: boolean): any[];
  utf8Encode(text: string): Uint8Array;
  utf8EncodeInto(text: string, destination: Uint8Array, result: Uint32Array): void;
  utf8Length(text: string): number;
  valueKind(value: unknown): number;
  waitUntilBegan(id: Id): void;
  waitUntilEnded(id: Id): void;
  wasmExamine(bytes: Bytes): 0 | 1 | 2;
  websocketAgreed(answer: string): boolean;
  websocketAnswer(offers: string): string;
  websocketAsked(key: Id): boolean;
  websocketClose(id: Id, code: number, reason: string): number;
  websocketFeed(id: Id, bytes: Uint8Array): void;
  websocketFlush(id: Id): number;
  websocketForget(id: Id): void;
  websocketNext(id: Id): string | Uint8Array | [number, string, boolean] | undefined;
  websocketOffer(): string;
  websocketOpen(isClient: boolean, key: Id, extensions: string, most: number): Id;
  websocketReset(id: Id): void;
  websocketSend(id: Id, message: string | Uint8Array): number;
  websocketSweep(): Id[];
  websocketSwitch(key: Id, status: number, headers: HeaderList): void;
  x25519Derive(privateId: KeyId, publicId: KeyId): ArrayBuffer | undefined;
};
