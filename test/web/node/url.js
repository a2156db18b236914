// node:url, node:punycode, node:path/win32 and node:module: each expectation is what Node.js 22 has.

import url, { domainToASCII, domainToUnicode, fileURLToPath, format, parse, pathToFileURL, resolve, urlToHttpOptions } from "node:url";
import { createRequire, builtinModules, isBuiltin } from "node:module";
import path from "node:path";
import perfHooks from "node:perf_hooks";
import punycode from "node:punycode";
import win32 from "node:path/win32";
import { Console } from "node:console";
import { PassThrough } from "node:stream";
import util from "node:util";
import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

test("URLs as objects", () => {
  equal(url.URL, URL);
  const { protocol, auth, host, port, hostname, hash, search, query, pathname, href } = parse(
    " http://us%20er:pass@Example.COM:8080\\p/a t?query=s'tring#ha sh",
  );
  deepEqual([protocol, auth, host, port, hostname, hash, search, query, pathname, href], [
    "http:", "us er:pass", "example.com:8080", "8080", "example.com", "#ha%20sh", "?query=s%27tring", "query=s%27tring", "/p/a%20t",
    "http://us%20er:pass@example.com:8080/p/a%20t?query=s%27tring#ha%20sh",
  ]);
  deepEqual({ ...parse("/a?b=1&b=2", true).query }, { b: ["1", "2"] });
  equal(parse("http://m\u00fcnchen.de/").hostname, "xn--mnchen-3ya.de");
  equal(thrownBy(() => parse("http://[::1%]/"))?.code, "ERR_INVALID_URL");
  equal(format({ protocol: "http", host: "a.b", pathname: "x?y#z", search: "a#b" }), "http://a.b/x%3Fy%23z?a%23b");
  equal(format(new URL("http://u:p@xn--mnchen-3ya.de/p?q#h"), { fragment: false, unicode: true, auth: false }), "http://m\u00fcnchen.de/p?q");
});

test("relative ones", () => {
  const from = (base) => ["../x", "./", "?q", "#f", "//h/p", "/g", "mailto:a@b", "", "../../../z"].map((relative) => resolve(base, relative));
  deepEqual(from("http://a/b/c/d;p?q"), [
    "http://a/b/x", "http://a/b/c/", "http://a/b/c/d;p?q", "http://a/b/c/d;p?q#f", "http://h/p", "http://a/g", "mailto:a@b",
    "http://a/b/c/d;p?q", "http://a/z",
  ]);
  equal(resolve("/one/two/three", "four"), "/one/two/four");
});

test("hosts, files and options of requests", () => {
  deepEqual([domainToASCII("espa\u00f1ol.com"), domainToUnicode("xn--espaol-zwa.com"), domainToASCII("xn--i\u00f1valid.com")], [
    "xn--espaol-zwa.com", "espa\u00f1ol.com", "",
  ]);
  deepEqual([fileURLToPath("file:///a%20b"), fileURLToPath("file:///C:/x", { windows: true })], ["/a b", "C:\\x"]);
  equal(thrownBy(() => fileURLToPath("file:///a%2fb")).code, "ERR_INVALID_FILE_URL_PATH");
  deepEqual(["/a b#c?d%\\", "/x/"].map((each) => pathToFileURL(each).href), ["file:///a%20b%23c%3Fd%25%5C", "file:///x/"]);
  const { auth, hostname, port, path: target } = urlToHttpOptions(new URL("https://a:b@[::1]:8/p?q#h"));
  deepEqual([auth, hostname, port, target], ["a:b", "::1", 8, "/p?q"]);
  deepEqual([punycode.encode("ma\u00f1ana"), punycode.decode("maana-pta"), punycode.toASCII("b\u00fccher@\u2603.la")], [
    "maana-pta", "ma\u00f1ana", "b\u00fccher@xn--n3h.la",
  ]);
});

test("paths of Windows", () => {
  equal(path.win32, win32);
  deepEqual([win32.normalize("C:/a/../b//c/"), win32.join("\\\\srv", "share", "..", "x"), win32.resolve("C:\\a", "..", "D:b", "c")], [
    "C:\\b\\c\\", "\\\\srv\\share\\x", "D:\\b\\c",
  ]);
  deepEqual([win32.relative("C:\\a\\b", "c:\\A\\c"), win32.basename("C:a.txt", ".txt"), win32.dirname("\\\\srv\\share\\x")], [
    "..\\c", "a", "\\\\srv\\share\\",
  ]);
  deepEqual(win32.parse("C:\\dir\\file.tar.gz"), { root: "C:\\", dir: "C:\\dir", base: "file.tar.gz", ext: ".gz", name: "file.tar" });
  equal(win32.normalize("a/../C:x"), ".\\C:x");
});

test("modules by their names", () => {
  const require = createRequire("/index.js");
  equal(require("node:url"), url);
  equal(require("path"), path);
  equal(thrownBy(() => require("./other")).code, "MODULE_NOT_FOUND");
  ok(isBuiltin("node:url") && !isBuiltin("left-pad"), "isBuiltin");
  for (const name of builtinModules) ok(typeof require(name) === "object" || typeof require(name) === "function", name);
});

test("arguments, types of content and errors of systems", () => {
  const options = { verbose: { type: "boolean", short: "v" }, out: { type: "string", short: "o" } };
  const { values, positionals } = util.parseArgs({ args: ["-vo", "file", "--", "-x"], options, allowPositionals: true });
  deepEqual([values.verbose, values.out, positionals], [true, "file", ["-x"]]);
  equal(thrownBy(() => util.parseArgs({ args: ["--out"], options })).code, "ERR_PARSE_ARGS_INVALID_OPTION_VALUE");
  equal(thrownBy(() => util.parseArgs({ args: ["--other"], options })).code, "ERR_PARSE_ARGS_UNKNOWN_OPTION");
  const type = new util.MIMEType(" Text/HTML ; Charset=utf-8 ; q=\"a\\\"b\"; q=c");
  deepEqual([type.essence, type.params.get("charset"), String(type)], ["text/html", "utf-8", 'text/html;charset=utf-8;q="a\\"b"']);
  equal(thrownBy(() => new util.MIMEType("text")).code, "ERR_INVALID_MIME_SYNTAX");
  deepEqual([util.getSystemErrorName(-2), util.getSystemErrorMessage(-13)], ["ENOENT", "permission denied"]);
});

test("consoles that write to streams, and the clock", () => {
  const stdout = new PassThrough({ encoding: "utf8" });
  const own = new Console({ stdout });
  own.log("a %d", 1);
  own.group("g");
  own.error("two\nlines");
  own.groupEnd();
  own.count();
  equal(stdout.read(), "a 1\ng\n  two\n  lines\ndefault: 1\n");
  equal(perfHooks.performance, performance);
  equal(perfHooks.Performance, Performance);
  deepEqual(performance.eventLoopUtilization(), { idle: 0, active: 0, utilization: 0 });
  equal(performance.timerify(Math.max), Math.max);
  equal(`${performance.nodeTiming.name} ${performance.nodeTiming.duration > 0}`, "node true");
  performance.clearResourceTimings();
  performance.setResourceTimingBufferSize(1);
  ok(thrownBy(() => performance.setResourceTimingBufferSize()) instanceof TypeError, "an argument is needed");
  equal(new perfHooks.PerformanceObserver(() => {}).takeRecords().length, 0);
});

await done();
