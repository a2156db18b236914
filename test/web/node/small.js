// node:path, querystring, os, process and timers: each expectation is what Node.js has.

import path from "node:path";
import querystring from "node:querystring";
import os from "node:os";
import { scheduler, setInterval as ticks, setTimeout as wait } from "node:timers/promises";
import { deepEqual, done, equal, ok, reasonOf, test, thrownBy } from "./harness.js";

test("paths", () => {
  const { basename, dirname, extname, isAbsolute, join, normalize, parse, relative, resolve } = path;
  deepEqual(["", "/a/../../b/./c//", "../a/..", "./"].map((each) => normalize(each)), [".", "/b/c/", "..", "./"]);
  deepEqual(["/a/b/", "/a", "a", "//a", ""].map((each) => dirname(each)), ["/a", "/", ".", "//", "."]);
  deepEqual(["/a/b.c/", "a.b.c", ".bashrc", "a/.x.y", "..", "a."].map((each) => extname(each)), [".c", ".c", "", ".y", "", "."]);
  deepEqual([basename("/a/b.html", ".html"), basename("/", "/"), basename("a/", "b"), basename("b", "ab")], ["b", "", "a", "b"]);
  deepEqual([join("a", "", "../b", "/c"), join(), resolve("a", "/b", "c"), resolve()], ["b/c", ".", "/b/c", "/bundle"]);
  deepEqual([relative("/a/b/c", "/a/d"), relative("/", "/a"), relative("/a", "/a")], ["../../d", "a", ""]);
  deepEqual(parse("/home/x/file.tar.gz"), { root: "/", dir: "/home/x", base: "file.tar.gz", ext: ".gz", name: "file.tar" });
  equal(path.format({ dir: "/x", name: "y", ext: "z" }), "/x/y.z");
  ok(isAbsolute("/") && !isAbsolute("a") && path.posix === path, "absolute");
  equal(thrownBy(() => join(1)).message, 'The "path" argument must be of type string. Received type number (1)');
});

test("globs cross no slash, but where they say so", () => {
  const matches = (pattern) => ["a.js", "x/a.js", "x/y/a.js", "a.ts"].filter((each) => path.matchesGlob(each, pattern));
  deepEqual([matches("*.js"), matches("**/*.js"), matches("x/*/a.js"), matches("?.ts")], [
    ["a.js"], ["a.js", "x/a.js", "x/y/a.js"], ["x/y/a.js"], ["a.ts"],
  ]);
});

test("query strings", () => {
  const { parse, stringify } = querystring;
  const plain = (object) => Object.entries(object);
  deepEqual(plain(parse("a=1&b=%41%zz%&a=x+y&c&=d&&%F0%9F%98%80=%ff")), [
    ["a", ["1", "x y"]], ["b", "A%zz%"], ["c", ""], ["", "d"], ["\u{1f600}", "\ufffd"],
  ]);
  deepEqual(plain(parse("a:1;b:2;c:3", ";", ":", { maxKeys: 2 })), [["a", "1"], ["b", "2"]]);
  equal(Object.getPrototypeOf(parse("__proto__=1")), null);
  equal(stringify({ a: [1, "x y", true, null], b: 5n, "\u00fc": NaN, c: {} }), "a=1&a=x%20y&a=true&a=&b=5&%C3%BC=&c=");
  equal(thrownBy(() => stringify({ a: "\ud800" })).code, "ERR_INVALID_URI");
  equal(querystring.unescapeBuffer("a%41%zz%ff").toString("hex"), "6141257a7aff");
  equal(querystring.unescape("%ff\u4e2d%C3%A9"), "\ufffd-\u00e9");
});

test("a process that is none", async () => {
  deepEqual([process.platform, process.cwd(), process.argv.length, typeof process.env], ["linux", "/bundle", 1, "object"]);
  ok(process.versions.hasOwnProperty("node"), "an object as others");
  equal(process.getBuiltinModule("node:os"), os);
  equal(process.getBuiltinModule("node:nothing"), undefined);
  equal(thrownBy(() => process.exit(1)).code, "ERR_METHOD_NOT_IMPLEMENTED");
  const before = process.hrtime();
  await wait(2);
  const [seconds, nanoseconds] = process.hrtime(before);
  ok(seconds > 0 || nanoseconds >= 1e6, `${seconds} s, ${nanoseconds} ns`);
  ok(typeof process.hrtime.bigint() === "bigint", "bigint");
  equal(globalThis.global, globalThis);
  deepEqual([os.EOL, os.platform(), os.constants.signals.SIGTERM, os.constants.errno.ENOENT], ["\n", "linux", 15, 2]);
});

test("timers as promises", async () => {
  equal(await wait(1, "value"), "value");
  const stop = new AbortController();
  const waiting = reasonOf(wait(100000, null, { signal: stop.signal }));
  stop.abort("why");
  const reason = await waiting;
  deepEqual([reason.code, reason.name, reason.cause], ["ABORT_ERR", "AbortError", "why"]);
  const seen = [];
  for await (const tick of ticks(1, "tick")) {
    if (seen.push(tick) === 3) break;
  }
  deepEqual(seen, ["tick", "tick", "tick"]);
  await scheduler.wait(1);
  const never = globalThis.setImmediate(() => ok(false, "it was cleared"));
  globalThis.clearImmediate(never);
  await new Promise((resolve) => globalThis.setImmediate(resolve));
});

test("timers are objects, and numbers where one is wanted", async () => {
  const seen = [];
  const timer = setTimeout((...args) => seen.push(args), 1, "a", "b");
  deepEqual([typeof timer, timer.constructor.name, timer.hasRef(), timer.unref() === timer, timer.hasRef(), typeof +timer], [
    "object", "Timeout", true, true, false, "number",
  ]);
  await wait(5);
  deepEqual(seen, [["a", "b"]]);
  timer.refresh();
  await wait(5);
  equal(seen.length, 2);
  const stopped = [setTimeout(() => seen.push("no"), 1), setTimeout(() => seen.push("no"), 1), setInterval(() => seen.push("no"), 1), setTimeout(() => seen.push("no"), 1)];
  clearTimeout(stopped[0]);
  clearTimeout(+stopped[1]);
  stopped[2].close();
  stopped[3][Symbol.dispose]();
  stopped[0].refresh();
  await wait(10);
  equal(seen.length, 2);
  for (const value of [undefined, null, {}, "x", 0, -1, NaN]) clearTimeout(value);
  equal(thrownBy(() => setTimeout("1")).code, "ERR_INVALID_ARG_TYPE");
  ok(Object.keys(globalThis).includes("setTimeout"), "enumerable");
});

test("every module of Node.js can be imported, under its older names too", async () => {
  const names = process.getBuiltinModule("node:module").builtinModules;
  ok(names.length > 65, `${names.length}`);
  for (const name of names) ok(typeof (await import(`node:${name}`)).default !== "undefined", name);
  deepEqual([
    (await import("node:sys")).inspect === (await import("node:util")).inspect, (await import("node:_http_agent")).Agent === (await import("node:http")).Agent,
    (await import("node:_stream_readable")).default === (await import("node:stream")).Readable,
  ], [true, true, true]);
});

test("what is not there can be made as a bundle loads, and says so when it is used", async () => {
  const [{ Script }, { createInterface }, { constants }, { SecureContext }] = await Promise.all([
    import("node:vm"), import("node:readline"), import("node:http2"), import("node:tls"),
  ]);
  equal(thrownBy(() => new Script("1").runInThisContext()).code, "ERR_METHOD_NOT_IMPLEMENTED");
  equal(thrownBy(() => createInterface().question("?")).code, "ERR_METHOD_NOT_IMPLEMENTED");
  ok(new SecureContext() instanceof SecureContext, "SecureContext");
  deepEqual([constants.HTTP2_HEADER_STATUS, constants.HTTP2_HEADER_CONTENT_TYPE, constants.HTTP2_METHOD_VERSION_CONTROL, constants.HTTP_STATUS_TEAPOT, constants.NGHTTP2_CANCEL], [
    ":status", "content-type", "VERSION-CONTROL", 418, 8,
  ]);
});

test("lists of addresses", async () => {
  const { BlockList, SocketAddress } = await import("node:net");
  const list = new BlockList();
  list.addSubnet("10.0.0.0", 8);
  list.addRange("192.168.1.1", "192.168.1.9");
  list.addAddress("2001:db8::1", "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  deepEqual(["10.1.2.3", "11.0.0.1", "192.168.1.5", "192.168.1.10", "x"].map((address) => list.check(address)), [true, false, true, false, false]);
  deepEqual(["2001:db8::1", "2001:DB8:0::1", "2001:db8::2", "febf::1", "::ffff:10.0.0.1"].map((address) => list.check(address, "ipv6")), [true, true, false, true, true]);
  deepEqual(list.rules, ["Subnet: IPv6 fe80::/10", "Address: IPv6 2001:db8::1", "Range: IPv4 192.168.1.1-192.168.1.9", "Subnet: IPv4 10.0.0.0/8"]);
  const copy = new BlockList();
  copy.fromJSON(list.toJSON());
  deepEqual(copy.rules, list.rules);
  const address = new SocketAddress({ address: "::1", family: "ipv6", port: 80 });
  deepEqual([address.address, address.port, address.family, SocketAddress.parse("[::1]:80").port, SocketAddress.parse("1.2.3.4").address, SocketAddress.parse("x")], ["::1", 80, "ipv6", 80, "1.2.3.4", undefined]);
  equal(thrownBy(() => list.addSubnet("10.0.0.0", 33)).code, "ERR_OUT_OF_RANGE");
});

await done();
