// What the list-like web APIs cost against the size of what they work on. A script that sets `globalThis.job` to
// `[name, size]` and imports this one does one of the jobs below and prints the milliseconds it took; without a job the
// names are listed. The runner beside this folder makes a table of it.

const names = (n) => Array.from({ length: n }, (_, i) => `n${i}`);
const query = (n) => names(n).map((name) => `${name}=1`).join("&");
const sameNames = (n) => "a&b&".repeat(n / 2);
const bytes = (n) => new Uint8Array(n).fill(97);
const response = (body, type) => new Response(body, { headers: { "content-type": type } });

function formOf(n) {
  const form = new FormData();
  for (let i = 0; i < n; i++) form.append(`n${i}`, "1");
  return form;
}

function headersOf(n) {
  const headers = new Headers();
  for (let i = 0; i < n; i++) headers.append(`n${i}`, "1");
  return headers;
}

function targetOf(n, options) {
  const target = new EventTarget();
  const listeners = Array.from({ length: n }, () => () => {});
  for (const listener of listeners) target.addEventListener("x", listener, options);
  return { target, listeners };
}

const nested = (n) => {
  let value = null;
  for (let i = 0; i < n; i++) value = { value };
  return value;
};

// A job is `(n) => run`: what is made before `run` is called does not count.
const jobs = {
  "FormData: parse `a&b&…`, delete one of two names": (n) => async () => {
    (await response(sameNames(n), "application/x-www-form-urlencoded").formData()).delete("a");
  },
  "FormData: append N": (n) => () => formOf(n),
  "FormData: set N new names": (n) => () => {
    const form = new FormData();
    for (let i = 0; i < n; i++) form.set(`n${i}`, "1");
  },
  "FormData: get of each name": (n) => {
    const form = formOf(n);
    return () => { for (const name of form.keys()) form.get(name); };
  },
  "FormData: delete of each name": (n) => {
    const form = formOf(n);
    return () => { for (const name of [...form.keys()]) form.delete(name); };
  },
  "FormData: delete while iterating": (n) => {
    const form = formOf(n);
    return () => { for (const name of form.keys()) form.delete(name); };
  },
  "FormData: set while iterating": (n) => {
    const form = formOf(n);
    return () => { for (const [name] of form) form.set(name, "2"); };
  },
  "URLSearchParams: parse `a&b&…`": (n) => () => new URLSearchParams(sameNames(n)),
  "URLSearchParams: parse `%` and `+`": (n) => () => new URLSearchParams("%+".repeat(n / 2)),
  "URLSearchParams: append N, stringify": (n) => () => {
    const params = new URLSearchParams();
    for (let i = 0; i < n; i++) params.append(`n${i}`, "ä b");
    String(params);
  },
  "URLSearchParams: has of each pair": (n) => {
    const params = new URLSearchParams(names(n).map((name) => ["a", name]));
    return () => { for (const [name, value] of params) params.has(name, value); };
  },
  "URLSearchParams: delete of each pair of one name": (n) => {
    const params = new URLSearchParams(names(n).map((name) => ["a", name]));
    return () => { for (const [name, value] of [...params]) params.delete(name, value); };
  },
  "URLSearchParams: sort": (n) => {
    const params = new URLSearchParams(query(n));
    return () => params.sort();
  },
  "URL: searchParams.delete of each name": (n) => {
    const url = new URL(`http://a/?${query(n)}`);
    return () => { for (const name of [...url.searchParams.keys()]) url.searchParams.delete(name); };
  },
  "URL: searchParams.delete while iterating": (n) => {
    const url = new URL(`http://a/?${query(n)}`);
    return () => { for (const name of url.searchParams.keys()) url.searchParams.delete(name); };
  },
  "URL: searchParams.append N, hostname in between": (n) => () => {
    const url = new URL("http://a/#x");
    for (let i = 0; i < n; i++) {
      url.searchParams.append(`n${i}`, "1");
      if (url.hostname !== "a" || url.hash !== "#x") throw new Error("wrong");
    }
    url.href;
  },
  "URL: parse a path of N segments": (n) => () => new URL(`http://a/${"b/".repeat(n / 2)}`),
  "URL: parse a path of N `..`": (n) => () => new URL(`http://a/${"b/".repeat(n / 6)}${"../".repeat(n / 6)}`),
  "URL: parse with N `^`": (n) => () => new URL(`http://a/${"^".repeat(n)}`),
  "URL: set pathname of N bytes": (n) => () => { new URL("http://a/").pathname = "b/".repeat(n / 2); },
  "URL: set host of N bytes": (n) => () => { new URL("http://a/").host = "b.".repeat(n / 2); },
  "URL: set hash of N bytes": (n) => () => { new URL("http://a/").hash = "ä".repeat(n); },
  "Headers: append N names": (n) => () => headersOf(n),
  "Headers: append N values of one name, get": (n) => () => {
    const headers = new Headers();
    for (let i = 0; i < n; i++) headers.append("a", "1");
    headers.get("a").charCodeAt(0);
  },
  "Headers: set N new names": (n) => () => {
    const headers = new Headers();
    for (let i = 0; i < n; i++) headers.set(`n${i}`, "1");
  },
  "Headers: get of each name": (n) => {
    const headers = headersOf(n);
    return () => { for (const [name] of headers) headers.get(name); };
  },
  "Headers: set while iterating": (n) => {
    const headers = headersOf(n);
    return () => { for (const [name] of headers) headers.set(name, "2"); };
  },
  "Headers: append while iterating": (n) => {
    const headers = headersOf(n);
    return () => { for (const [name] of headers) headers.append(name, "2"); };
  },
  "Headers: delete while iterating": (n) => {
    const headers = headersOf(n);
    return () => { for (const [name] of headers) headers.delete(name); };
  },
  "Headers: delete of each name": (n) => {
    const headers = headersOf(n);
    return () => { for (const name of [...headers.keys()]) headers.delete(name); };
  },
  "Headers: N cookies": (n) => () => {
    const headers = new Headers();
    for (let i = 0; i < n; i++) headers.append("set-cookie", `a=${i}`);
    headers.getSetCookie();
    [...headers];
  },
  "Request, Response: made of N headers, cloned": (n) => {
    const headers = headersOf(n);
    return () => [new Response("", { headers }).clone(), new Request("http://a/", { headers }).clone()];
  },
  "Response: clone N times, the last read": (n) => async () => {
    let response = new Response("x");
    for (let i = 0; i < n; i++) response = response.clone();
    await response.text();
  },
  "EventTarget: add N listeners": (n) => () => targetOf(n),
  "EventTarget: add N listeners again": (n) => {
    const { target, listeners } = targetOf(n);
    return () => { for (const listener of listeners) target.addEventListener("x", listener); };
  },
  "EventTarget: remove N listeners": (n) => {
    const { target, listeners } = targetOf(n);
    return () => { for (const listener of listeners) target.removeEventListener("x", listener); };
  },
  "EventTarget: remove N listeners, last first": (n) => {
    const { target, listeners } = targetOf(n);
    return () => { for (const listener of listeners.reverse()) target.removeEventListener("x", listener); };
  },
  "EventTarget: dispatch to N listeners": (n) => {
    const { target } = targetOf(n);
    return () => target.dispatchEvent(new Event("x"));
  },
  "EventTarget: dispatch to N listeners that go": (n) => {
    const { target } = targetOf(n, { once: true });
    return () => target.dispatchEvent(new Event("x"));
  },
  "EventTarget: N listeners end with one signal": (n) => {
    const controller = new AbortController();
    targetOf(n, { signal: controller.signal });
    return () => controller.abort();
  },
  "AbortSignal.any: of N signals, N listeners": (n) => () => {
    const controllers = Array.from({ length: n }, () => new AbortController());
    const signal = AbortSignal.any(controllers.map((controller) => controller.signal));
    for (let i = 0; i < n; i++) signal.addEventListener("abort", () => {});
    controllers[n - 1].abort();
  },
  "AbortSignal.any: N of one signal": (n) => () => {
    const controller = new AbortController();
    const signals = Array.from({ length: n }, () => AbortSignal.any([controller.signal]));
    for (const signal of signals) signal.addEventListener("abort", () => {});
    controller.abort();
  },
  "AbortSignal.any: a chain of N": (n) => () => {
    const controller = new AbortController();
    let signal = controller.signal;
    for (let i = 0; i < n; i++) signal = AbortSignal.any([signal]);
    controller.abort();
  },
  "Blob: of N parts": (n) => () => new Blob(names(n)),
  "Blob: of N empty parts, native endings": (n) => () => new Blob(["\r".repeat(n)], { endings: "native" }),
  "Blob: N slices of slices": (n) => () => {
    let blob = new Blob([bytes(n)]);
    for (let i = 0; i < n; i++) blob = blob.slice(1);
  },
  "TextDecoder: N pieces": (n) => () => {
    const decoder = new TextDecoder();
    for (let i = 0; i < n; i++) decoder.decode(Uint8Array.of(0xe2), { stream: true });
    decoder.decode();
  },
  "TextDecoderStream: N pieces": (n) => async () => {
    const stream = new TextDecoderStream();
    const reading = new Response(stream.readable.pipeThrough(new TextEncoderStream())).text();
    const writer = stream.writable.getWriter();
    for (let i = 0; i < n; i++) await writer.write(Uint8Array.of(97));
    writer.close();
    await reading;
  },
  "structuredClone: array of N objects": (n) => {
    const value = names(n).map((name) => ({ name }));
    return () => structuredClone(value);
  },
  "structuredClone: Map of N": (n) => {
    const value = new Map(names(n).map((name) => [name, { name }]));
    return () => structuredClone(value);
  },
  "structuredClone: N Blobs": (n) => {
    const value = names(n).map((name) => new Blob([name]));
    return () => structuredClone(value);
  },
  "structuredClone: N buffers transferred": (n) => {
    const value = names(n).map(() => new ArrayBuffer(1));
    return () => structuredClone(value, { transfer: value });
  },
  "console: array of N": (n) => {
    const value = names(n);
    return () => console.debug(value);
  },
  "console: object of N": (n) => {
    const value = Object.fromEntries(names(n).map((name) => [name, 1]));
    return () => console.debug(value);
  },
  "console: Map, Set of N": (n) => {
    const value = [new Map(names(n).map((name) => [name, 1])), new Set(names(n))];
    return () => console.debug(value);
  },
  "console: N deep": (n) => {
    const value = nested(n);
    return () => console.debug(value);
  },
  "console: string of N": (n) => {
    const value = ["\n'\"`\\".repeat(n / 5)];
    return () => console.debug(value);
  },
  "console: N directives": (n) => () => console.debug("%s".repeat(n / 2), 1),
  "console: Headers, FormData, URLSearchParams of N": (n) => {
    const value = [headersOf(n), formOf(n), new URLSearchParams(query(n))];
    return () => console.debug(value);
  },
  "console: table of N rows": (n) => {
    const value = names(n).map((name) => ({ name }));
    return () => console.table(value);
  },
  "console: error with N causes": (n) => {
    let error = new Error("x");
    for (let i = 0; i < n; i++) error = new Error("x", { cause: error });
    return () => console.debug(error);
  },
  "console: N groups": (n) => () => {
    for (let i = 0; i < n; i++) console.group();
    for (let i = 0; i < n; i++) console.groupEnd();
  },
  "console: N labels": (n) => () => {
    for (let i = 0; i < n; i++) console.time(`n${i}`);
  },
  "timers: set and clear N": (n) => () => {
    const ids = Array.from({ length: n }, () => setTimeout(() => {}, 1000));
    for (const id of ids) clearTimeout(id);
  },
  "timers: N fire": (n) => async () => {
    await Promise.all(Array.from({ length: n }, () => new Promise((resolve) => setTimeout(resolve, 1))));
  },
  "timers: one clears N": (n) => async () => {
    const ids = Array.from({ length: n }, () => setTimeout(() => {}, 50));
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const id of ids) clearTimeout(id);
  },
  "queueMicrotask: N": (n) => async () => {
    let left = n;
    await new Promise((resolve) => {
      for (let i = 0; i < n; i++) queueMicrotask(() => { if (--left === 0) resolve(); });
    });
  },
  "unhandled rejections: N, handled late": (n) => async () => {
    const promises = Array.from({ length: n }, () => Promise.reject(new Error("x")));
    for (const promise of promises) promise.catch(() => {});
  },
  "multipart: serialize N entries": (n) => {
    const form = formOf(n);
    return () => new Response(form);
  },
  "multipart: N entries there and back": (n) => {
    const form = formOf(n);
    return async () => { await new Response(form).formData(); };
  },
  "multipart: names and values of N line breaks and quotes": (n) => async () => {
    const form = new FormData();
    form.append('\n"'.repeat(n / 2), "\r\n".repeat(n / 2));
    await new Response(form).formData();
  },
  "multipart: parse N header lines": (n) => async () => {
    const head = 'content-disposition: form-data; name="a"\r\n';
    await response(`--x\r\n${head}${"a:\r\n".repeat(n / 4)}\r\n\r\n--x--`, "multipart/form-data; boundary=x").formData();
  },
  "multipart: parse near delimiters": (n) => async () => {
    const boundary = "\r\n--".concat("-".repeat(60));
    const head = 'content-disposition: form-data; name="a"\r\n\r\n';
    const body = `--${boundary.slice(4)}x\r\n${head}${boundary.repeat(n / 64)}\r\n--${boundary.slice(4)}x--`;
    await response(body, `multipart/form-data; boundary=${boundary.slice(4)}x`).formData();
  },
  "Content-Type: N parameters": (n) => async () => {
    await response("", `multipart/form-data; boundary=x${";a=b".repeat(n / 4)}`).blob();
  },
  "Content-Type: N quoted pairs": (n) => async () => {
    await response("", `text/plain; a="${"\\a".repeat(n / 2)}"`).blob();
  },
  "Content-Type: N types joined": (n) => async () => {
    await response("", "a/b;c=\"d,e\",".repeat(n / 12)).blob();
  },
  "base64: there and back": (n) => () => atob(btoa("a".repeat(n))),
  "Response: body of N chunks, text()": (n) => async () => {
    let left = n;
    const stream = new ReadableStream({ pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(Uint8Array.of(97));
    } });
    await new Response(stream).text();
  },
  "Response: tee of N chunks": (n) => async () => {
    let left = n;
    const stream = new ReadableStream({ pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(Uint8Array.of(97));
    } });
    const first = new Response(stream);
    const second = first.clone();
    await first.text();
    await second.text();
  },
  "fetch: data: URL of N bytes": (n) => async () => {
    await (await fetch(`data:,${"%61".repeat(n / 3)}`)).text();
  },
};

const [name, size] = globalThis.job ?? [];
if (name === undefined) {
  console.log(JSON.stringify(Object.keys(jobs)));
} else {
  const run = jobs[name](size);
  const start = performance.now();
  await run();
  console.error(`took ${performance.now() - start}`);
}
