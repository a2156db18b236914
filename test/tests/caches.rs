//! The Cache API: what an app keeps its workers and generations find, and no other app.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use nano_test::{Nano, Site, until};
use serde_json::{Value, json};

/// Runs the code of the request's body, with what it returns as JSON.
const RUN: &str = "
import { run } from './run.js';
export default { fetch: run };";

/// Calls of caches, by path.
const APP: &str = "
const key = (path) => new Request('http://key.example' + path);
const tell = async (response) => response === undefined ? null : {
  status: response.status, text: await response.text(), headers: Object.fromEntries(response.headers), url: response.url,
};
const cases = {
  async basics() {
    const cache = caches.default, log = [];
    log.push(await cache.match(key('/a')));
    await cache.put(key('/a'), new Response('first', { status: 203, headers: { 'cache-control': 'max-age=60', 'x-a': '1' } }));
    log.push(await tell(await cache.match('http://key.example/a#fragment')));
    await cache.put(new URL('http://key.example/a'), new Response('second', { headers: { 'x-b': '2' } }));
    log.push(await tell(await cache.match(key('/a'))));
    log.push(await cache.delete(key('/a')), await cache.delete(key('/a')), await cache.match(key('/a')));
    return log;
  },
  async names() {
    const [one, other] = [await caches.open('one'), await caches.open('other')];
    await one.put(key('/n'), new Response('one'));
    await (await caches.open('')).put(key('/n'), new Response('empty'));
    const texts = [];
    for (const cache of [one, other, caches.default, await caches.open(''), await caches.open('one')]) {
      texts.push((await (await cache.match(key('/n')))?.text()) ?? null);
    }
    return texts;
  },
  async methods() {
    const cache = caches.default, post = new Request('http://key.example/m', { method: 'POST', body: 'kept' });
    await cache.put(key('/m'), new Response('m'));
    const found = [await cache.match(post), await tell(await cache.match(post, { ignoreMethod: true }))];
    return [found[0] ?? null, found[1].text, await cache.delete(post), await post.text(), await cache.delete(key('/m'))];
  },
  async refused() {
    const cache = caches.default, errors = [];
    const used = new Response('x');
    await used.text();
    for (const [request, response] of [
      [new Request('http://key.example/r', { method: 'PUT' }), new Response('x')],
      [key('/r'), new Response('x', { status: 206 })],
      [key('/r'), new Response('x', { headers: { vary: 'accept, *' } })],
      [key('/r'), used],
      [key('/r'), Response.error()],
      [key('/r'), {}],
      ['not a url', new Response('x')],
      ['data:,x', new Response('x')],
    ]) errors.push(await cache.put(request, response).then(() => 'kept', (error) => error.constructor.name));
    errors.push(await cache.match().catch((error) => error.name), await caches.open().catch((error) => error.name));
    for (const make of [() => new Cache(), () => new CacheStorage(), () => Cache.prototype.match.call({}, 'x')]) {
      try { errors.push(await make()); } catch (error) { errors.push(error.name); }
    }
    return errors;
  },
  async notKept() {
    const cache = caches.default, found = [];
    for (const headers of [
      { 'cache-control': 'no-store' }, { 'cache-control': 'private' }, { 'cache-control': 'max-age=0' }, { 'set-cookie': 'a=b' },
      { expires: '0' }, { 'set-cookie': 'a=b', 'cache-control': 'private=set-cookie' },
    ]) {
      await cache.put(key('/k'), new Response('x', { headers }));
      found.push((await tell(await cache.match(key('/k'))))?.headers['set-cookie'] ?? null, await cache.delete(key('/k')));
    }
    return found;
  },
  async parts() {
    const cache = caches.default;
    const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
    await cache.put(key('/p'), new Response('0123456789', { headers: { etag: '\"v1\"', 'last-modified': date } }));
    const told = [];
    for (const headers of [
      { range: 'bytes=2-4' }, { range: 'bytes=20-' }, { 'if-none-match': 'W/\"v1\"' }, { 'if-none-match': '\"v2\"' },
      { 'if-modified-since': date }, { range: 'bytes=-3', 'if-range': '\"v1\"' }, { range: 'bytes=-3', 'if-range': '\"v2\"' },
    ]) {
      const response = await cache.match(new Request(key('/p'), { headers }));
      told.push([response.status, await response.text(), response.headers.get('content-range')]);
    }
    return told;
  },
  async vary() {
    const cache = caches.default, inLanguage = (language) => new Request(key('/v'), { headers: { 'Accept-Language': language } });
    for (const language of ['de', 'en']) {
      await cache.put(inLanguage(language), new Response(language, { headers: { vary: 'Accept-Language' } }));
    }
    const texts = [];
    for (const language of ['de', 'en', 'fr']) texts.push((await (await cache.match(inLanguage(language)))?.text()) ?? null);
    return texts;
  },
  async bodies() {
    const cache = caches.default;
    const bytes = new Uint8Array(3 << 20).map((_, at) => at * 7);
    const stream = new ReadableStream({ start(controller) {
      for (let at = 0; at < bytes.length; at += 1 << 18) controller.enqueue(bytes.slice(at, at + (1 << 18)));
      controller.close();
    } });
    await cache.put(key('/b'), new Response(stream, { headers: { 'content-encoding': 'gzip' } }));
    const [one, two] = await Promise.all([cache.match(key('/b')), cache.match(key('/b'))]);
    const [a, b] = [await one.bytes(), await two.bytes()];
    const same = (other) => other.length === bytes.length && other.every((byte, at) => byte === bytes[at]);
    await cache.put(key('/empty'), new Response(null, { status: 404 }));
    const failing = new ReadableStream({ pull(controller) { controller.error(new Error('it broke')); } });
    const failed = await cache.put(key('/f'), new Response(failing)).then(() => 'kept', (error) => String(error));
    const response = new Response('cloned');
    const copy = response.clone();
    await cache.put(key('/c'), copy);
    return [
      same(a), same(b), one.headers.get('content-encoding'), failed, await cache.match(key('/f')) ?? null, copy.bodyUsed,
      await response.text(), await tell(await cache.match(key('/empty'))).then(({ status, text }) => [status, text]),
    ];
  },
  async large() {
    const cache = caches.default, found = [];
    for (const size of [8 << 20, (8 << 20) + 1]) {
      await cache.put(key('/l'), new Response(new Uint8Array(size)));
      found.push((await (await cache.match(key('/l')))?.bytes())?.length ?? null);
      await cache.delete(key('/l'));
      await cache.put(key('/l'), new Response(new ReadableStream({ type: 'bytes', pull(controller) {
        controller.enqueue(new Uint8Array(Math.min(size, 65536)));
        this.sent = (this.sent ?? 0) + 65536;
        if (this.sent > size) controller.close();
      } })));
      found.push((await (await cache.match(key('/l')))?.bytes())?.length > size);
    }
    return found;
  },
  keep: async (value) => { await caches.default.put(key('/kept'), new Response(value)); return 'kept'; },
  find: async () => (await (await caches.default.match(key('/kept')))?.text()) ?? null,
};
export async function run(request) {
  const { pathname, searchParams } = new URL(request.url);
  try {
    return Response.json(await cases[pathname.slice(1)](searchParams.get('value')) ?? null);
  } catch (error) {
    return Response.json(String(error.stack), { status: 500 });
  }
}";

fn site(apps: &[&str]) -> Site {
    let site = Site::new();
    site.app("w", RUN).file("w/run.js", APP);
    let app = |name: &&str| {
        let host = format!("{name}.local");
        json!({ "name": name, "hostname": host, "path": "w", "egress": "off", "workers": 2, "memory_mb": 128 })
    };
    site.apps(apps.iter().map(app).collect());
    site
}

fn call(nano: &Nano, what: &str) -> Value {
    let answer = nano.get("a.local", &format!("/{what}"));
    assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    answer.json()
}

#[test]
fn what_is_put_is_found_until_it_is_deleted() {
    let site = site(&["a"]);
    let nano = site.serve();
    let told = call(&nano, "basics");
    let headers = |own: Value| {
        let mut all = json!({ "age": "0", "cf-cache-status": "HIT", "content-type": "text/plain;charset=UTF-8" });
        all.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        all
    };
    let with_length = |length: &str, own: Value| {
        let mut all = headers(own);
        all["content-length"] = json!(length);
        all
    };
    let (mut first, mut second) = (told[1].clone(), told[2].clone());
    for kept in [&mut first, &mut second] {
        // A second may have passed.
        kept["headers"]["age"] = json!("0");
    }
    let url = "http://key.example/a";
    let own = json!({ "cache-control": "max-age=60", "x-a": "1" });
    assert_eq!(first, json!({ "status": 203, "text": "first", "url": url, "headers": with_length("5", own) }));
    let own = json!({ "x-b": "2" });
    assert_eq!(second, json!({ "status": 200, "text": "second", "url": url, "headers": with_length("6", own) }));
    assert_eq!([&told[0], &told[3], &told[4], &told[5]], [&Value::Null, &json!(true), &json!(false), &Value::Null]);
    assert_eq!(call(&nano, "names"), json!(["one", null, null, "empty", "one"]));
    assert_eq!(call(&nano, "methods"), json!([null, "m", false, "kept", true]));
}

#[test]
fn what_cannot_be_kept_is_refused_and_what_must_not_is_not() {
    let site = site(&["a"]);
    let nano = site.serve();
    let refused = call(&nano, "refused");
    assert!(refused.as_array().unwrap().iter().all(|error| error == "TypeError"), "{refused}");
    let not = [Value::Null, json!(false)];
    let expected = [&not[..], &not, &not, &not, &not, &[Value::Null, json!(true)]].concat();
    assert_eq!(call(&nano, "notKept"), Value::from(expected));
}

#[test]
fn requests_choose_parts_versions_and_variants() {
    let site = site(&["a"]);
    let nano = site.serve();
    let expected = json!([
        [206, "234", "bytes 2-4/10"],
        [416, "", "bytes */10"],
        [304, "", null],
        [200, "0123456789", null],
        [304, "", null],
        [206, "789", "bytes 7-9/10"],
        [200, "0123456789", null],
    ]);
    assert_eq!(call(&nano, "parts"), expected);
    assert_eq!(call(&nano, "vary"), json!(["de", "en", null]));
}

#[test]
fn bodies_are_kept_as_they_are_and_not_beyond_their_bound() {
    let site = site(&["a"]);
    let nano = site.serve();
    let told = call(&nano, "bodies");
    let expected = json!([true, true, "gzip", "Error: it broke", null, true, "cloned", [404, ""]]);
    assert_eq!(told, expected);
    assert_eq!(call(&nano, "large"), json!([8 << 20, false, null, false]));
}

#[test]
fn an_app_s_workers_and_generations_share_and_other_apps_do_not() {
    let site = site(&["a", "b"]);
    let nano = site.serve();
    assert_eq!(call(&nano, "keep?value=mine"), "kept");
    // Whichever worker is asked.
    for _ in 0..20 {
        assert_eq!(call(&nano, "find"), "mine");
    }
    assert_eq!(nano.get("b.local", "/find").json(), Value::Null);
    assert_eq!(nano.get("b.local", "/keep?value=theirs").json(), "kept");
    let before = nano.pids("a");
    site.file("w/run.js", &format!("{APP}\n// changed"));
    assert_eq!(nano.ctl(&["reload"]).code, Some(0));
    until("new workers alone", || nano.pids("a").iter().all(|pid| !before.contains(pid)).then_some(()));
    assert_eq!(call(&nano, "find"), "mine");
    assert_eq!(nano.get("b.local", "/find").json(), "theirs");
}
