import * as cheerio from "cheerio";
import { parse as parseCsv } from "csv-parse/sync";
import { addMonths, format, formatDistance } from "date-fns";
import yaml from "js-yaml";
import JSZip from "jszip";
import { parseHTML } from "linkedom";
import _ from "lodash";
import { marked } from "marked";
import Mustache from "mustache";
import { PDFDocument, StandardFonts } from "pdf-lib";
import QRCode from "qrcode";
import sanitize from "sanitize-html";
import superjson from "superjson";
import * as v from "valibot";
import * as yup from "yup";

const page = `<!doctype html><html><body><ul id="l"><li class="a">one</li><li>two &amp; <b>three</b></li></ul><script>bad()</script></body></html>`;
const date = new Date(Date.UTC(2026, 0, 31, 12, 30));

const routes = {
  async cheerio() {
    const $ = cheerio.load(page);
    $("li.a").addClass("b").text("<changed>");
    $("#l").append("<li>new</li>");
    return [$.html(), $("li").map((_, item) => $(item).text()).get()];
  },
  async linkedom() {
    const { document } = parseHTML(page);
    document.querySelector("#l").append(Object.assign(document.createElement("li"), { textContent: "new" }));
    return [document.querySelectorAll("li").length, document.toString()];
  },
  async marked() {
    return marked.parse("# Title\n\n* a\n* `b`\n\n| x | y |\n|---|---|\n| 1 | **2** |\n\n```js\nlet a;\n```");
  },
  async mustache() {
    return Mustache.render("{{#list}}{{name}}, {{/list}}{{{raw}}}{{^none}}none{{/none}}", { list: [{ name: "<a>" }, { name: "b" }], raw: "<i>" });
  },
  async yaml() {
    const value = yaml.load("a: 1\nb: [x, 'y']\nc:\n  - {d: null}\n  - 2026-01-01\nanchor: &x {k: v}\nagain: *x\n");
    return [value, yaml.dump({ list: [1, "two", { three: null }], text: "a\nb" })];
  },
  async csv() {
    return parseCsv('a,b\n1,"x,\ny"\n2,"say ""hi"""\n', { columns: true });
  },
  async zip() {
    const zip = new JSZip();
    zip.file("a.txt", "text ".repeat(100), { date });
    zip.folder("f").file("b.bin", new Uint8Array([1, 2, 3]), { date });
    const bytes = await zip.generateAsync({ type: "uint8array", compression: "DEFLATE" });
    const again = await JSZip.loadAsync(bytes);
    return [Object.keys(again.files), await again.file("a.txt").async("string"), [...(await again.file("f/b.bin").async("uint8array"))]];
  },
  async pdf() {
    const document = await PDFDocument.create();
    document.setCreationDate(date);
    document.setModificationDate(date);
    const font = await document.embedFont(StandardFonts.Helvetica);
    document.addPage([200, 100]).drawText("Hello", { x: 20, y: 50, font, size: 20 });
    const bytes = await document.save({ useObjectStreams: false });
    return [bytes.length, (await PDFDocument.load(bytes)).getPageCount()];
  },
  async qr() {
    return QRCode.toString("https://nano.example/", { type: "svg" });
  },
  async sanitize() {
    return sanitize(`<p onclick="x()">a<script>b</script><a href="javascript:c">d</a></p>`);
  },
  async lodash() {
    const debounced = _.debounce(() => 1, 1);
    debounced.cancel();
    return [_.groupBy([1, 2, 3], (n) => (n % 2 ? "odd" : "even")), _.merge({ a: { b: 1 } }, { a: { c: 2 } }), _.cloneDeep(new Map([[1, { x: date }]])) instanceof Map, _.template("<%= a %>") instanceof Function];
  },
  async dates() {
    return [format(addMonths(date, 1), "yyyy-MM-dd"), formatDistance(date, addMonths(date, 5)), date.toLocaleString("de-DE", { timeZone: "Europe/Berlin" }), new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR" }).format(1234567.891)];
  },
  async schemas() {
    const first = v.safeParse(v.object({ email: v.pipe(v.string(), v.email()), age: v.optional(v.number(), 3) }), { email: "no" });
    const second = await yup.object({ a: yup.string().required(), n: yup.number().min(3) }).validate({ n: 1 }, { abortEarly: false }).catch((error) => error.errors);
    return [first.success, first.issues.map((issue) => issue.message), second, superjson.parse(superjson.stringify({ at: date, set: new Set([1]), big: 10n })).at.getTime()];
  },
};

export default {
  async fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    if (!(name in routes)) return new Response("no such route", { status: 404 });
    try {
      return Response.json((await routes[name]()) ?? null);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}`, { status: 500 });
    }
  },
};
