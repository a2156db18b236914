// node:fs: each expectation is what Node.js has in a directory of its own.

import fs, { createReadStream, createWriteStream, promises } from "node:fs";
import * as named from "node:fs/promises";
import { Buffer } from "node:buffer";
import { pipeline } from "node:stream/promises";
import { deepEqual, done, equal, ok, test } from "./harness.js";

const root = "/tmp/fs";
const codeOf = (body) => {
  try {
    return body();
  } catch (error) {
    return error.syscall === undefined ? error.code : `${error.code} ${error.syscall} ${error.errno}`;
  }
};
const told = (body) => new Promise((resolve) => body((...results) => resolve(results.map((each) => each?.code ?? each))));

test("files are written and read", () => {
  equal(fs.mkdirSync(`${root}/a/b`, { recursive: true }), "/tmp/fs");
  fs.writeFileSync(`${root}/f`, "héllo");
  deepEqual([fs.readFileSync(`${root}/f`).length, fs.readFileSync(`${root}/f`, "utf8"), fs.readFileSync(new URL(`file://${root}/f`), "latin1")], [6, "héllo", "hÃ©llo"]);
  fs.appendFileSync(`${root}/f`, Buffer.from("!"));
  fs.truncateSync(`${root}/f`, 4);
  fs.truncateSync(`${root}/f`, 6);
  equal(fs.readFileSync(`${root}/f`, "hex"), "68c3a96c0000");
  const stats = fs.statSync(`${root}/f`);
  deepEqual([stats.isFile(), stats.isDirectory(), stats.size, (stats.mode & 0o777).toString(8), fs.statSync(`${root}/f`, { bigint: true }).size], [true, false, 6, "644", 6n]);
  deepEqual(fs.readdirSync(root), ["a", "f"]);
  deepEqual(fs.readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => [entry.parentPath, entry.name, entry.isDirectory()]), [
    [root, "a", true], [`${root}/a`, "b", true], [root, "f", false],
  ]);
});

test("what is wrong has the errors of the system", () => {
  deepEqual([
    () => fs.readFileSync(`${root}/none`), () => fs.readFileSync(root), () => fs.writeFileSync(`${root}/f/x`, ""),
    () => fs.writeFileSync(`${root}/none/x`, ""), () => fs.mkdirSync(root), () => fs.rmdirSync(root), () => fs.rmdirSync(`${root}/f`),
    () => fs.unlinkSync(`${root}/none`), () => fs.rmSync(`${root}/none`), () => fs.rmSync(root), () => fs.openSync(`${root}/f`, "wx"),
    () => fs.closeSync(99), () => fs.readlinkSync(`${root}/f`), () => fs.renameSync(`${root}/a`, `${root}/a/b/c`), () => fs.copyFileSync(`${root}/none`, "/tmp/x"),
    () => fs.accessSync(`${root}/none`), () => fs.openSync(1), () => fs.openSync("/tmp/\0"), () => fs.openSync("/tmp/x", "zz"),
    () => fs.readFileSync(`${root}/f`, "zz"), () => fs.writeFileSync(`${root}/f`, {}), () => fs.readFileSync(new URL("http://x")), () => fs.readFile("/tmp/x"),
    () => fs.chmodSync(root, "9"), () => fs.watch("/tmp"),
  ].map(codeOf), [
    "ENOENT open -2", "EISDIR read -21", "ENOTDIR open -20", "ENOENT open -2", "EEXIST mkdir -17", "ENOTEMPTY rmdir -39", "ENOTDIR rmdir -20",
    "ENOENT unlink -2", "ENOENT lstat -2", "ERR_FS_EISDIR rm 21", "EEXIST open -17", "EBADF close -9", "EINVAL readlink -22", "EINVAL rename -22",
    "ENOENT copyfile -2", "ENOENT access -2", "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "ERR_INVALID_ARG_VALUE", "ERR_INVALID_ARG_VALUE",
    "ERR_INVALID_ARG_TYPE", "ERR_INVALID_URL_SCHEME", "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "ERR_METHOD_NOT_IMPLEMENTED",
  ]);
  equal(codeOf(() => fs.readFileSync("/tmp/fs/none")), "ENOENT open -2");
  try {
    fs.renameSync(`${root}/none`, `${root}/x`);
  } catch (error) {
    equal(error.message, "ENOENT: no such file or directory, rename '/tmp/fs/none' -> '/tmp/fs/x'");
  }
});

test("nothing but /tmp can be changed", () => {
  deepEqual(fs.readdirSync("/"), ["bundle", "dev", "tmp"]);
  deepEqual([
    () => fs.writeFileSync("/x", ""), () => fs.mkdirSync("/bundle/x"), () => fs.rmSync("/dev", { recursive: true }), () => fs.rmSync("/tmp", { recursive: true }),
    () => fs.renameSync("/dev/null", "/tmp/null"), () => fs.writeFileSync("/dev/full", "x"), () => fs.linkSync("/bundle", "/tmp/bundle"), () => fs.chmodSync("/bundle", 0o777),
    () => fs.symlinkSync("/tmp", "/x"), () => fs.readFileSync("/etc/passwd"), () => fs.readFileSync("/proc/self/environ"),
  ].map(codeOf), [
    "EROFS open -30", "EROFS mkdir -30", "EROFS rm -30", "EROFS rm -30", "EROFS rename -30", "ENOSPC write -28", "EPERM link -1", "EROFS chmod -30",
    "EROFS symlink -30", "ENOENT open -2", "ENOENT open -2",
  ]);
  fs.writeFileSync("/dev/null", "gone");
  deepEqual([fs.readFileSync("/dev/null").length, fs.existsSync("/dev/zero"), fs.existsSync("/none"), fs.existsSync({})], [0, true, false, false]);
});

test("links lead on, and not for ever", () => {
  fs.symlinkSync("f", `${root}/l`);
  fs.symlinkSync("../fs/a", `${root}/d`);
  fs.symlinkSync("loop", `${root}/loop`);
  fs.linkSync(`${root}/f`, `${root}/hard`);
  deepEqual([fs.realpathSync(`${root}/d/b`), fs.readlinkSync(`${root}/l`), fs.lstatSync(`${root}/l`).isSymbolicLink(), fs.statSync(`${root}/hard`).nlink], [`${root}/a/b`, "f", true, 2]);
  equal(codeOf(() => fs.readFileSync(`${root}/loop`)), "ELOOP open -40");
  fs.writeFileSync(`${root}/l`, "through");
  equal(fs.readFileSync(`${root}/hard`, "utf8"), "through");
  fs.rmSync(`${root}/d`);
  ok(fs.existsSync(`${root}/a/b`), "what the link led to is there");
});

test("descriptors have places", () => {
  const fd = fs.openSync(`${root}/p`, "w+");
  const buffer = Buffer.alloc(4);
  deepEqual([fs.writeSync(fd, "hello"), fs.writeSync(fd, Buffer.from("abcdef"), 1, 2, 1), fs.readSync(fd, buffer, 0, 4, 0), buffer.toString()], [5, 2, 4, "hbcl"]);
  deepEqual([fs.readSync(fd, buffer), fs.readvSync(fd, [buffer.subarray(0, 1), buffer.subarray(1)], 2), buffer.toString()], [0, 3, "clol"]);
  fs.ftruncateSync(fd, 1);
  equal(fs.readFileSync(`${root}/p`, "utf8"), "h");
  fs.closeSync(fd);
  equal(codeOf(() => fs.writeSync(fd, "x")), "EBADF write -9");
  const many = [];
  equal(codeOf(() => { for (;;) many.push(fs.openSync(`${root}/p`)); }), "EMFILE open -24");
  many.forEach((each) => fs.closeSync(each));
});

test("callbacks and promises", async () => {
  deepEqual(await told((done) => fs.readFile(`${root}/p`, "utf8", done)), [null, "h"]);
  deepEqual(await told((done) => fs.stat(`${root}/none`, done)), ["ENOENT"]);
  deepEqual(await told((done) => fs.exists(root, done)), [true]);
  const called = [];
  fs.readFile(`${root}/p`, () => called.push("read"));
  called.push("returned");
  await new Promise((resolve) => setTimeout(resolve));
  deepEqual(called, ["returned", "read"]);
  equal(named.readFile, promises.readFile);
  equal(await named.readFile(`${root}/none`).catch((error) => error.code), "ENOENT");
  const handle = await named.open(`${root}/h`, "w+");
  await handle.write("handle");
  deepEqual([(await handle.read(Buffer.alloc(3), 0, 3, 0)).buffer.toString(), (await handle.stat()).size], ["han", 6]);
  await handle.close();
  equal(await handle.stat().catch((error) => error.code), "ERR_OUT_OF_RANGE");
  const entries = [];
  for await (const entry of await named.opendir(root)) entries.push(entry.name);
  ok(entries.includes("h"), "entries");
});

test("streams", async () => {
  const text = "0123456789".repeat(20_000);
  fs.writeFileSync(`${root}/s`, text);
  await pipeline(createReadStream(`${root}/s`, { highWaterMark: 1000 }), createWriteStream(`${root}/t`));
  equal(fs.readFileSync(`${root}/t`, "utf8"), text);
  const parts = [];
  for await (const part of createReadStream(`${root}/s`, { start: 5, end: 12, encoding: "utf8" })) parts.push(part);
  equal(parts.join(""), "56789012");
  const events = [];
  const failed = createReadStream(`${root}/none`);
  for (const name of ["open", "ready", "error"]) failed.on(name, (error) => events.push(error?.code ?? name));
  await new Promise((resolve) => failed.on("close", resolve));
  deepEqual(events, ["ENOENT"]);
});

test("a file that grows costs what it has", () => {
  const fd = fs.openSync(`${root}/grown`, "a");
  for (let i = 0; i < 100_000; i++) fs.writeSync(fd, "x");
  fs.closeSync(fd);
  equal(fs.statSync(`${root}/grown`).size, 100_000);
  equal(codeOf(() => fs.truncateSync(`${root}/grown`, 2 ** 40)), "EFBIG write -27");
});

test("the app's own files can be read", async () => {
  const own = fs.readdirSync("/bundle");
  ok(own.length > 0 && own.includes("harness.js"), own.join());
  const text = fs.readFileSync("/bundle/harness.js", "utf8");
  ok(text.includes("export"), text.slice(0, 100));
  const stats = fs.statSync("/bundle/harness.js");
  deepEqual([stats.size, stats.isFile(), (stats.mode & 0o777).toString(8)], [Buffer.byteLength(text), true, "444"]);
  equal(fs.readFileSync("harness.js", "utf8"), text);
  equal((await promises.readFile(new URL("file:///bundle/harness.js"))).length, stats.size);
  deepEqual([
    () => fs.writeFileSync("/bundle/harness.js", "x"), () => fs.appendFileSync("/bundle/harness.js", "x"), () => fs.unlinkSync("/bundle/harness.js"),
    () => fs.truncateSync("/bundle/harness.js"), () => fs.writeFileSync("/bundle/new", "x"), () => fs.readFileSync("/bundle/../../etc/passwd"),
    () => fs.chmodSync("/bundle/harness.js", 0o777), () => fs.renameSync("/bundle/harness.js", "/tmp/x"), () => fs.readFileSync("/bundle/none.js"),
  ].map((body) => codeOf(body)), [
    "EROFS open -30", "EROFS open -30", "EROFS unlink -30", "EROFS open -30", "EROFS open -30", "ENOENT open -2", "EROFS chmod -30", "EROFS rename -30", "ENOENT open -2",
  ]);
  equal(fs.readFileSync("/bundle/harness.js", "utf8"), text);
});

await done();
