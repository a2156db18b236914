// The console's methods. console.expected.txt is what Node 20 prints, all on one stream:
//     node console.mjs > console.expected.txt 2>&1

class T { toString() { return "T!"; } }
const lines = [
  ["%s", "a"], ["%s", -0], ["%s", 5n], ["%s", { a: { b: 1 } }], ["%s", new T()], ["%s", [1, [2, [3]]]], ["%s", null],
  ["%s", undefined], ["%s", Symbol("x")], ["%s", new Date(0)], ["%s", { toString() { return "own"; } }], ["%s", class A {}],
  ["%d", "42"], ["%d", 1.5], ["%d", "x"], ["%d", 5n], ["%d", Symbol()], ["%d", {}], ["%d", -0], ["%i", 42.9], ["%i", "12px"],
  ["%i", 5n], ["%f", "1.5abc"], ["%f", "x"], ["%j", { a: 1 }], ["%j", undefined], ["%o", { a: 1 }], ["%O", { a: { b: { c: { d: {} } } } }],
  ["%c red", "color:red"], ["%%", 1], ["%%s %s", "x"], ["100%", 1], ["%x", 1], ["%s %s", "a"], ["%s", "a", "b", { c: 1 }],
  ["a", "b", 1, null, [1]], [1, 2, "c"], ["% s", 1], ["%"], ["%s%s%s", 1, 2, 3], ["%s"], [{}, "%s", 1], ["", "x"],
  ["%s", Object.create(null)], ["abc%", "d"], ["%s\n%d", "a", 2], [], ["plain"],
];
for (const line of lines) console.log(...line);

console.table([{ a: 1, b: "x" }, { a: 2, c: true }]);
console.table([1, "two", { a: 1 }]);
console.table(new Map([["a", 1], ["b", { x: 1 }]]));
console.table(new Set([1, "中"]));
console.table({ r1: { c: 1 }, r2: { c: { d: { e: 1 }, f: 2, g: 3 } } });
console.table([{ a: 1, b: 2 }], ["b"]);
console.table([]);
console.table(5);
console.table(new Map([["a", 1]]).entries());
console.table(new Map([["a", 1]]).keys());

console.group("outer");
console.log("two\nlines");
console.group();
console.info({ a: 1, b: "x".repeat(90) });
console.groupEnd();
console.groupCollapsed("inner", 1);
console.groupEnd();
console.groupEnd();
console.groupEnd();
console.log("left again");

console.count();
console.count("x");
console.count();
console.countReset();
console.count();
console.assert(true, "unseen");
console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });
console.dirxml(1, { a: 1 });
