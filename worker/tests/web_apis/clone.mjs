// structuredClone, crypto, performance. The .expected.txt was checked against the standards line by line; Node 20 differs in a few.
const show = (label, run) => {
  try {
    console.log(label, run());
  } catch (error) {
    console.log(label, "throws", error.name);
  }
};
class Point {
  x = 1;
  get y() {
    return 2;
  }
}
const cyclic = { list: [] };
cyclic.list.push(cyclic, new Map([["self", cyclic]]));
const copy = structuredClone(cyclic);
console.log(copy.list[0] === copy, copy.list[1].get("self") === copy, copy !== cyclic);
const shared = new Uint8Array([1, 2, 3, 4]);
const views = structuredClone([shared.subarray(1, 3), shared, shared.buffer]);
console.log(views, views[0].buffer === views[2]);
console.log(structuredClone([1, -0, 1n, "s", true, null, undefined, new Date(5), /a/gi, new Set([1]), new Number(3), Object("s"), new Point(), [, 1]]));
console.log(structuredClone({ a: { get b() { return "read"; } } }), structuredClone(Object.create({ inherited: 1 })));
const error = structuredClone(new RangeError("m", { cause: { a: 1 } }));
console.log(error.name, error.message, error instanceof RangeError, error.cause);
const exception = structuredClone(new DOMException("m", "AbortError"));
console.log(exception.name, exception.code, exception instanceof DOMException);
const buffer = new ArrayBuffer(4);
const moved = structuredClone({ buffer, again: buffer }, { transfer: [buffer] });
console.log(buffer.byteLength, moved.buffer.byteLength, moved.buffer === moved.again);
for (
  const [label, value, options] of [
    ["function", () => {}], ["symbol", Symbol("s")], ["method", { f() {} }], ["WeakMap", new WeakMap()], ["Promise", Promise.resolve()],
    ["AbortSignal", new AbortController().signal], ["URL", new URL("http://a")], ["Proxy", new Proxy({}, {})], ["twice", 1, { transfer: [moved.buffer, moved.buffer] }],
    ["detached", 1, { transfer: [buffer] }], ["not transferable", 1, { transfer: [{}] }], ["getter", { get a() { throw new SyntaxError("mine"); } }],
  ]
) show(label, () => structuredClone(value, options));
show("nothing", () => structuredClone());

const random = crypto.getRandomValues(new Uint32Array(8));
console.log(random.some((number) => number !== 0), crypto.getRandomValues(new Uint8Array(0)).length);
for (const array of [new Float32Array(1), new Uint8Array(65537), new DataView(new ArrayBuffer(1)), [], new Uint8Array(65536)]) {
  show("getRandomValues", () => crypto.getRandomValues(array).length);
}
console.log(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.randomUUID() !== crypto.randomUUID());
show("Crypto", () => new Crypto());
const before = performance.now();
// Between two looks at the other clock, whatever time passes there.
const early = Date.now();
const told = performance.timeOrigin + performance.now();
console.log(performance.now() >= before, told > early - 1000 && told < Date.now() + 1000, "timeOrigin" in performance.toJSON());
