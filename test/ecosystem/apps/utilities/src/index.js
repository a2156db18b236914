import { dispatch } from "../dispatch.js";
import dayjs from "dayjs";
import utc from "dayjs/plugin/utc";
import tz from "dayjs/plugin/timezone";
import { DateTime, Interval } from "luxon";
import { from, interval, lastValueFrom, of } from "rxjs";
import { mergeMap, take, toArray, delay, bufferCount } from "rxjs/operators";
import { produce } from "immer";
import * as R from "ramda";
import * as Immutable from "immutable";
import * as msgpackr from "msgpackr";
import { encode, decode } from "@msgpack/msgpack";
import protobuf from "protobufjs";
import * as cbor from "cbor-x";
import * as fflate from "fflate";
import * as pako from "pako";
import i18next from "i18next";
import { ulid, decodeTime } from "ulid";
import Decimal from "decimal.js";
import semver from "semver";
import qs from "qs";
import validator from "validator";
import Papa from "papaparse";
import { Effect } from "effect";
import { createActor, createMachine } from "xstate";
import { type } from "arktype";
import Ajv from "ajv";
import { z } from "zod";
import PQueue from "p-queue";
import pLimit from "p-limit";
import { LRUCache } from "lru-cache";
dayjs.extend(utc);
dayjs.extend(tz);
const at = Date.UTC(2026, 0, 31, 12, 30);
const routes = {
  async dayjs() {
    return [dayjs(at).tz("America/New_York").format(), dayjs.utc(at).add(1, "month").format("YYYY-MM-DD")];
  },
  async luxon() {
    const d = DateTime.fromMillis(at, { zone: "Asia/Tokyo" });
    return [
      d.toISO(),
      d.setLocale("fr").toLocaleString(DateTime.DATE_HUGE),
      Interval.after(d, { days: 3 }).toString(),
      d.plus({ months: 1 }).toRelative({ base: d }),
    ];
  },
  async rxjs() {
    return lastValueFrom(
      from([1, 2, 3]).pipe(
        mergeMap((x) => of(x * 2).pipe(delay(2))),
        bufferCount(2),
        toArray(),
      ),
    );
  },
  async rxint() {
    return lastValueFrom(interval(1).pipe(take(3), toArray()));
  },
  async immer() {
    return produce({ a: [1], m: 1 }, (d) => {
      d.a.push(2);
    });
  },
  async ramda() {
    return R.pipe(
      R.map(R.add(1)),
      R.groupBy((x) => String(x % 2)),
    )([1, 2, 3]);
  },
  async immutable() {
    return Immutable.fromJS({ a: { b: [1] } })
      .setIn(["a", "b", 3], 2)
      .toJS();
  },
  async msgpackr() {
    const b = msgpackr.pack({ a: [1, "x", 2.5, null, new Date(at)], big: 12345678901234n });
    return [[...b], msgpackr.unpack(b).a];
  },
  async msgpack() {
    const b = encode({ a: [1, -2, "ü"], u: new Uint8Array([1, 2]) });
    return [[...b], decode(b).a];
  },
  async protobuf() {
    const t = protobuf.parse('syntax="proto3"; message A { string name = 1; repeated int64 n = 2; }').root.lookupType("A");
    const b = t.encode({ name: "x", n: [1, 2] }).finish();
    return [[...b], t.toJSON ? t.toObject(t.decode(b), { longs: String }) : 0];
  },
  async cbor() {
    const b = cbor.encode({ a: [1, "b"], d: new Date(at), s: new Set([1]) });
    return [[...b], cbor.decode(b).a];
  },
  async fflate() {
    const b = fflate.zipSync({ "a.txt": fflate.strToU8("x".repeat(100)) }, { mtime: at });
    return [fflate.strFromU8(fflate.unzipSync(b)["a.txt"]).length, [...fflate.gzipSync(fflate.strToU8("hi"), { mtime: 0 })]];
  },
  async fflateasync() {
    return new Promise((yes, no) => fflate.gzip(new Uint8Array(1000), (e, d) => (e ? no(e) : yes(d.length))));
  },
  async pako() {
    return [pako.inflate(pako.deflate("abc".repeat(50)), { to: "string" }).length, [...pako.gzip("a")].length];
  },
  async i18next() {
    const i = i18next.createInstance();
    await i.init({
      lng: "de",
      resources: { de: { translation: { k: "{{count}} Ding", k_other: "{{count}} Dinge", d: "{{v, datetime}} {{n, currency(EUR)}}" } } },
    });
    return [i.t("k", { count: 2 }), i.t("d", { v: new Date(at), n: 3 })];
  },
  async ulid() {
    return decodeTime(ulid(at)) === at;
  },
  async decimal() {
    return new Decimal("0.1").plus("0.2").sqrt().toString();
  },
  async semver() {
    return semver.satisfies("1.2.3", "^1.1") && semver.inc("1.2.3", "minor");
  },
  async qs() {
    return [qs.parse("a[b]=1&c[]=2&c[]=3"), qs.stringify({ a: { b: [1, 2] } })];
  },
  async validator() {
    return [validator.isEmail("a@b.example"), validator.isIBAN("DE89370400440532013000")];
  },
  async papa() {
    return [Papa.parse("a,b\n1,2", { header: true }).data, Papa.unparse([{ x: 'a"b', y: 1 }])];
  },
  async effect() {
    return Effect.runPromise(
      Effect.gen(function* () {
        const a = yield* Effect.succeed(1);
        const b = yield* Effect.tryPromise(() => Promise.resolve(2));
        yield* Effect.sleep("2 millis");
        return yield* Effect.all([Effect.succeed(a + b), Effect.promise(async () => 4)], { concurrency: 2 });
      }),
    );
  },
  async xstate() {
    const m = createMachine({ initial: "a", states: { a: { on: { N: "b" } }, b: {} } });
    const s = createActor(m).start();
    s.send({ type: "N" });
    return s.getSnapshot().value;
  },
  async arktype() {
    const t = type({ a: "string", "b?": "number>3" });
    return [String(t({ a: 1 })), t({ a: "x", b: 4 })];
  },
  async ajv() {
    return new Ajv().compile({ type: "object", required: ["a"] })({ a: 1 });
  },
  async zod() {
    const r = z.object({ a: z.string().email(), b: z.coerce.number() }).safeParse({ a: "x", b: "3" });
    return [r.success, r.error.issues, z.toJSONSchema(z.object({ a: z.string() }))];
  },
  async queues() {
    const q = new PQueue({ concurrency: 2 });
    const out = [];
    await q.addAll([1, 2, 3].map((n) => async () => out.push(n)));
    const l = pLimit(1);
    return [out, await Promise.all([1, 2].map((n) => l(async () => n * 2)))];
  },
  async lru() {
    const c = new LRUCache({ max: 2, ttl: 1000 });
    c.set(1, 1);
    c.set(2, 2);
    c.set(3, 3);
    return [c.has(1), c.size];
  },
};

export default dispatch(routes);
