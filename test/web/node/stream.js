// node:stream as Node.js has it. The order of events in many more cases: test/tests/node_streams.rs.

import stream, {
  addAbortSignal, compose, Duplex, duplexPair, finished, getDefaultHighWaterMark, isDisturbed, isErrored, isReadable, PassThrough, pipeline,
  Readable, Stream, Transform, Writable,
} from "node:stream";
import { arrayBuffer, buffer, json, text } from "node:stream/consumers";
import promises from "node:stream/promises";
import web from "node:stream/web";
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import util from "node:util";
import { deepEqual, done, equal, ok, reasonOf, test, thrownBy } from "./harness.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const textOf = async (readable) => {
  let all = "";
  for await (const chunk of readable) all += chunk;
  return all;
};

test("one module by all of its names, whose classes are each other's parents", () => {
  equal(stream, Stream);
  equal(stream.Stream, Stream);
  equal(stream.promises, promises);
  equal(web.ReadableStream, ReadableStream);
  equal(process.getBuiltinModule("stream"), stream);
  ok(new PassThrough() instanceof Transform && new Transform() instanceof Duplex, "Transform");
  const duplex = new Duplex();
  ok(duplex instanceof Readable && duplex instanceof Writable && duplex instanceof Stream && duplex instanceof EventEmitter, "Duplex");
  ok(!(new Readable() instanceof Writable), "Readable");
  deepEqual([getDefaultHighWaterMark(false), getDefaultHighWaterMark(true)], [65536, 16]);
});

test("classes of older code call them without new", async () => {
  function Upper(options) {
    if (!(this instanceof Upper)) return new Upper(options);
    Transform.call(this, options);
  }
  util.inherits(Upper, Transform);
  Upper.prototype._transform = function (chunk, encoding, callback) {
    this.push(chunk.toString().toUpperCase());
    callback();
  };
  const upper = Upper();
  upper.end("abc");
  equal(await textOf(upper), "ABC");
  function Old() {
    Stream.call(this);
    this.readable = true;
  }
  util.inherits(Old, Stream);
  const old = new Old();
  const target = new PassThrough();
  old.pipe(target);
  old.emit("data", "x");
  old.emit("end");
  equal(await textOf(target), "x");
  equal(Readable().constructor, Readable);
});

test("read(n) gives so much, or nothing before there is so much", async () => {
  const readable = new Readable({ read() {} });
  for (const piece of ["abc", "de", "fghi"]) readable.push(piece);
  equal(readable.read(4).toString(), "abcd");
  equal(readable.read(9), null);
  equal(readable.readableLength, 5);
  readable.unshift("Z");
  readable.push(null);
  equal(readable.read(2).toString(), "Ze");
  equal(readable.read(9).toString(), "fghi");
  equal(readable.read(), null);
  readable.on("data", () => {});
  await promises.finished(readable);
  equal(readable.readableEnded, true);
});

test("characters that are cut between chunks are whole with an encoding", async () => {
  const bytes = Buffer.from("a\u20ac\u{1f600}b");
  const readable = new Readable({ read() {}, encoding: "utf8" });
  for (const byte of bytes) readable.push(Buffer.of(byte));
  readable.push(null);
  equal(await textOf(readable), "a\u20ac\u{1f600}b");
  const later = new Readable({ read() {} });
  later.push(bytes.subarray(0, 2));
  later.setEncoding("utf8");
  later.push(bytes.subarray(2));
  later.push(null);
  equal(await textOf(later), "a\u20ac\u{1f600}b");
});

test("what is corked is written at once, and end() writes the rest", async () => {
  const seen = [];
  const writable = new Writable({
    writev(chunks, callback) {
      seen.push(chunks.map(({ chunk, encoding }) => `${chunk}/${encoding}`));
      callback();
    },
  });
  writable.cork();
  writable.write("a");
  writable.write("b", "latin1");
  equal(writable.writableCorked, 1);
  writable.end("c");
  await promises.finished(writable);
  deepEqual(seen, [["a/buffer", "b/buffer", "c/buffer"]]);
});

test("errors have their codes and come to whom they are for", async () => {
  const writable = new Writable({ write: (chunk, encoding, callback) => callback() });
  writable.end();
  const late = new Promise((resolve) => writable.on("error", resolve));
  const [given] = await new Promise((resolve) => writable.write("x", (...args) => resolve(args)));
  deepEqual([given.code, (await late).code, writable.errored.code], Array(3).fill("ERR_STREAM_WRITE_AFTER_END"));
  equal(thrownBy(() => new Writable().write(null)).code, "ERR_STREAM_NULL_VALUES");
  equal(thrownBy(() => new Writable().write(5)).code, "ERR_INVALID_ARG_TYPE");
  equal(thrownBy(() => new Readable({ highWaterMark: -1 })).code, "ERR_INVALID_ARG_VALUE");
  const cut = new Readable({ read() {} });
  const reason = reasonOf(promises.finished(cut));
  cut.destroy();
  equal((await reason).code, "ERR_STREAM_PREMATURE_CLOSE");
  equal((await reasonOf(textOf(new Readable()))).code, "ERR_METHOD_NOT_IMPLEMENTED");
});

test("signals and Symbol.asyncDispose destroy them", async () => {
  const stop = new AbortController();
  const readable = addAbortSignal(stop.signal, new Readable({ read() {} }));
  const reason = reasonOf(textOf(readable));
  stop.abort(new Error("why"));
  const error = await reason;
  deepEqual([error.name, error.code, error.cause.message], ["AbortError", "ABORT_ERR", "why"]);
  const own = new Writable({ signal: stop.signal, write() {} });
  own.on("error", () => {});
  equal(own.destroyed, true);
  const disposed = new Readable({ read() {} });
  disposed.on("error", () => {});
  await disposed[Symbol.asyncDispose]();
  equal(disposed.destroyed, true);
});

test("pipelines end with their last stream, or with the first error of all", async () => {
  const upper = async function* (chunks) {
    for await (const chunk of chunks) yield String(chunk).toUpperCase();
  };
  equal(await promises.pipeline(["a", "b"], upper, text), "AB");
  const source = Readable.from(["a", "b"]);
  const target = new PassThrough();
  const failed = reasonOf(promises.pipeline(source, async function* (chunks) {
    for await (const chunk of chunks) {
      if (String(chunk) === "b") throw new Error("middle");
      yield chunk;
    }
  }, target));
  equal((await failed).message, "middle");
  deepEqual([source.destroyed, target.destroyed], [true, true]);
  equal(thrownBy(() => pipeline(source, () => {})).code, "ERR_MISSING_ARGS");
  const open = new PassThrough();
  await promises.pipeline(Readable.from(["x"]), open, { end: false });
  equal(open.writable, true);
});

test("the methods of arrays", async () => {
  const numbers = () => Readable.from([1, 2, 3, 4]);
  deepEqual(await numbers().map((value) => value * 2, { concurrency: 2 }).filter((value) => value > 2).toArray(), [4, 6, 8]);
  deepEqual([await numbers().some((value) => value > 3), await numbers().every((value) => value > 3)], [true, false]);
  deepEqual([await numbers().find((value) => value > 2), await numbers().reduce((sum, value) => sum + value, 10)], [3, 20]);
  deepEqual(await numbers().drop(1).take(2).flatMap((value) => [value, value]).toArray(), [2, 2, 3, 3]);
  equal((await reasonOf(Readable.from([]).reduce((sum, value) => sum + value))).code, "ERR_MISSING_ARGS");
  let running = 0;
  let most = 0;
  await Readable.from(Array.from({ length: 20 }, (_, at) => at)).forEach(async () => {
    most = Math.max(most, ++running);
    await turn();
    running--;
  }, { concurrency: 4 });
  equal(most, 4);
});

test("streams of the web and back", async () => {
  const source = new web.ReadableStream({
    start(controller) {
      controller.enqueue("a");
      controller.enqueue("b");
      controller.close();
    },
  });
  equal(await textOf(Readable.fromWeb(source)), "ab");
  equal(await new Response(Readable.toWeb(Readable.from([Buffer.from("x"), Buffer.from("y")], { objectMode: false }))).text(), "xy");
  const seen = [];
  const writable = Writable.fromWeb(new WritableStream({
    write(chunk) {
      seen.push(new TextDecoder().decode(chunk));
    },
  }));
  writable.write("1");
  writable.end("2");
  await promises.finished(writable);
  deepEqual(seen, ["1", "2"]);
  const through = new PassThrough();
  const writer = Writable.toWeb(through).getWriter();
  writer.write("z").then(() => writer.close());
  equal(await textOf(through), "z");
  const pair = Duplex.toWeb(new PassThrough({ encoding: "utf8" }));
  const back = Duplex.fromWeb(pair, { encoding: "utf8" });
  back.end("there and back");
  equal(await textOf(back), "there and back");
});

test("finished(), isErrored() and isReadable() of streams of the web", async () => {
  let controller;
  const source = new ReadableStream({ start: (given) => controller = given });
  const ended = promises.finished(source);
  deepEqual([isReadable(source), isErrored(source), isDisturbed(source)], [true, false, false]);
  controller.close();
  await ended;
  equal(isReadable(source), false);
  const broken = new WritableStream({ start: (given) => controller = given });
  const failed = reasonOf(promises.finished(broken));
  controller.error(new Error("broken"));
  equal((await failed).message, "broken");
  const watched = new ReadableStream({ start: (given) => controller = given });
  const reason = reasonOf(promises.finished(watched));
  controller.error(new Error("read"));
  equal((await reason).message, "read");
  deepEqual([isErrored(watched), (await reasonOf(watched.getReader().read())).message], [true, "read"]);
});

test("several streams as one", async () => {
  const composed = compose(
    async function* (chunks) {
      for await (const chunk of chunks) yield String(chunk).replace(" ", "");
    },
    new PassThrough({ encoding: "utf8" }),
  );
  composed.end("hello world");
  equal(await textOf(composed), "helloworld");
  const [left, right] = duplexPair({ encoding: "utf8" });
  left.end("ping");
  equal(await textOf(right), "ping");
  equal(await textOf(Duplex.from(Promise.resolve("later"))), "later");
  equal(await textOf(Duplex.from(new Blob(["blob"])).map((bytes) => new TextDecoder().decode(bytes))), "blob");
});

test("consumers", async () => {
  const pieces = () => Readable.from([Buffer.from([0xe2, 0x82]), Buffer.from([0xac])]);
  deepEqual([await text(pieces()), (await buffer(pieces())).toString("hex"), (await arrayBuffer(pieces())).byteLength], [
    "\u20ac", "e282ac", 3,
  ]);
  deepEqual(await json(new Response('{"a":[1]}').body), { a: [1] });
});

test("rejections of listeners are errors of the stream that wants them", async () => {
  const readable = new Readable({ captureRejections: true, read() {} });
  readable.on("data", async () => {
    throw new Error("late");
  });
  readable.push("x");
  equal((await new Promise((resolve) => readable.on("error", resolve))).message, "late");
  equal(readable.destroyed, true);
});

test("callbacks of streams see the store of who gave them", async () => {
  const store = new AsyncLocalStorage();
  const seen = [];
  const writable = new Writable({ write: (chunk, encoding, callback) => setImmediate(callback), highWaterMark: 1 });
  store.run("finished", () => finished(writable, () => seen.push(store.getStore())));
  store.run("written", () => writable.write("x", () => seen.push(store.getStore())));
  const iterated = store.run("iterated", async () => {
    for await (const chunk of Readable.from([1])) seen.push(`${store.getStore()} ${chunk}`);
  });
  writable.end();
  await promises.finished(writable);
  await iterated;
  deepEqual(seen.sort(), ["finished", "iterated 1", "written"]);
  equal(store.getStore(), undefined);
});

test("ticks come before microtasks where code returns, and behind those that run", async () => {
  const seen = [];
  const say = (what) => () => seen.push(what);
  await new Promise((resolve) => {
    setImmediate(() => {
      Promise.resolve().then(() => {
        seen.push("micro");
        process.nextTick(say("tick of micro"));
        queueMicrotask(say("micro of micro"));
      });
      process.nextTick(() => {
        seen.push("tick");
        process.nextTick(say("tick of tick"));
      });
      setImmediate(resolve);
    });
  });
  deepEqual(seen, ["tick", "tick of tick", "micro", "micro of micro", "tick of micro"]);
});

test("process.stdout is a Writable", async () => {
  ok(process.stdout instanceof Writable && process.stderr instanceof Writable, "Writable");
  equal(process.stdout.fd, 1);
  const args = await new Promise((resolve) => process.stdout.write("# written\n", (...results) => resolve(results)));
  equal(args[0] ?? undefined, undefined);
  Readable.from(["# piped\n"]).pipe(process.stdout);
  await turn();
  equal(process.stdout.writable, true);
});

await done();
