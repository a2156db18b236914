// Values that throw when they are looked at, or go on for ever: the console prints something short, and goes on.

const thrower = () => { throw new Error("no"); };
const all = new Proxy({}, { get: () => thrower });
console.log("proxy with throwing traps:", new Proxy({ a: 1 }, all));
console.log("revoked:", (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })());
console.log("throwing tag:", { a: { get [Symbol.toStringTag]() { return thrower(); } }, b: 1 });
console.log("throwing getter:", { get a() { return thrower(); } });
console.dir({ get a() { return thrower(); } }, { getters: true });
console.log("prototype is a proxy:", { ok: Object.create(new Proxy({}, { getPrototypeOf: thrower, getOwnPropertyDescriptor: thrower })) });
console.log("throwing formatter:", { x: { [Symbol.for("nodejs.util.inspect.custom")]: thrower, y: 1 } });
console.log("throwing constructor name:", { x: Object.create({ constructor: class { static get name() { return thrower(); } } }) });
console.log("error with a throwing stack:", [Object.defineProperty(new Error("x"), "stack", { get: thrower })]);
console.log("%s %d %i %j", { toString: thrower }, { valueOf: thrower }, { toString: thrower }, { toJSON: thrower });
console.log("%s", { [Symbol.toPrimitive]: thrower });

let deep = {};
for (let i = 0; i < 1000; i++) deep = { deep };
console.log("deep:", deep);

// A tree of 3^30 leaves: the text is cut at about a megabyte, in no more time than that takes.
let tree = [1, 2, 3];
for (let i = 0; i < 30; i++) tree = [tree, tree, tree];
const nested = { [Symbol.for("nodejs.util.inspect.custom")]: (depth, options, inspect) => `${inspect(tree, { depth: null }).length < 8e6}` };
console.log("cut:", nested);

// Patched intrinsics change nothing.
const value = { a: [1, 2, 3], m: new Map([[{ k: 1 }, new Set([1])]]), s: "it's\n", u: new URL("http://a/?b=c") };
Array.prototype.push = thrower;
Array.prototype[Symbol.iterator] = thrower;
String.prototype.slice = thrower;
Map.prototype.get = thrower;
RegExp.prototype.exec = thrower;
RegExp.prototype[Symbol.replace] = thrower;
Object.keys = thrower;
console.log("patched:", value);
