import { dispatch } from "../dispatch.js";
const at = Date.UTC(2026, 0, 31, 12, 30);
const PNG = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (c) =>
  c.charCodeAt(0),
);
const routes = {
  async nunjucks() {
    const n = (await import("nunjucks")).default;
    return n.renderString("Hi {{ a }}", { a: 1 });
  },
  async prism() {
    const p = (await import("prismjs")).default;
    return p.highlight("let a = 1", p.languages.javascript, "javascript");
  },
  async hljs() {
    const h = (await import("highlight.js")).default;
    return h.highlight("let a = 1", { language: "js" }).value;
  },
  async xlsx() {
    const x = await import("xlsx");
    const ws = x.utils.json_to_sheet([{ a: 1, b: "x" }]);
    const wb = x.utils.book_new();
    x.utils.book_append_sheet(wb, ws, "S");
    const out = x.write(wb, { type: "array", bookType: "xlsx" });
    const back = x.read(out);
    return [out.byteLength > 1000, x.utils.sheet_to_json(back.Sheets.S)];
  },
  async exceljs() {
    const E = (await import("exceljs")).default;
    const w = new E.Workbook();
    const s = w.addWorksheet("S");
    s.addRow([1, "x", new Date(at)]);
    const b = await w.xlsx.writeBuffer();
    const v = new E.Workbook();
    await v.xlsx.load(b);
    return [v.getWorksheet("S").getRow(1).values, Buffer.isBuffer(b), b.constructor.name];
  },
  async exceljsStream() {
    const E = (await import("exceljs")).default;
    const { PassThrough } = await import("node:stream");
    const p = new PassThrough();
    const chunks = [];
    p.on("data", (c) => chunks.push(c));
    const w = new E.stream.xlsx.WorkbookWriter({ stream: p });
    const s = w.addWorksheet("S");
    for (let i = 0; i < 100; i++) s.addRow([i, "x" + i]).commit();
    s.commit();
    await w.commit();
    return Buffer.concat(chunks).length > 1000;
  },
  async mailparser() {
    const { simpleParser } = await import("mailparser");
    const m = await simpleParser(
      "From: a@b.c\r\nTo: d@e.f\r\nSubject: =?utf-8?B?aMOp?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nh=E9llo\r\n--x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--x--\r\n",
    );
    return [m.subject, m.text, m.from.text, m.attachments.map((a) => [a.filename, [...a.content]])];
  },
  async mimetext() {
    const { createMimeMessage } = await import("mimetext");
    const m = createMimeMessage();
    m.setSender("a@b.c");
    m.setRecipient("d@e.f");
    m.setSubject("hé");
    m.addMessage({ contentType: "text/plain", data: "hi" });
    return (
      m
        .asRaw()
        .replace(/Date:.*|Message-ID:.*|[\w-]*boundary.*/g, "")
        .split("\n").length > 5
    );
  },
  async postalmime() {
    const P = (await import("postal-mime")).default;
    const m = await P.parse(
      "From: a@b.c\r\nSubject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\r\nContent-Type: text/plain; charset=shift_jis\r\n\r\n\x93\xfa",
    );
    return [m.subject, m.from];
  },
  async nodemailerJson() {
    const n = (await import("nodemailer")).default;
    const t = n.createTransport({ jsonTransport: true });
    const i = await t.sendMail({ from: "a@b.c", to: "d@e.f", subject: "s", text: "t", messageId: "<1@x>", date: new Date(at) });
    return JSON.parse(i.message);
  },
  async nodemailerStream() {
    const n = (await import("nodemailer")).default;
    const t = n.createTransport({ streamTransport: true, buffer: true });
    const i = await t.sendMail({
      from: "a@b.c",
      to: "d@e.f",
      subject: "sé",
      text: "t",
      messageId: "<1@x>",
      date: new Date(at),
      attachments: [{ filename: "a.txt", content: "abc" }],
      boundary: "b",
    });
    return i.message.toString().replace(/--_NmP.*|boundary=.*/g, "B");
  },
  async avsc() {
    const a = (await import("avsc")).default;
    const t = a.Type.forSchema({
      type: "record",
      name: "R",
      fields: [
        { name: "a", type: "int" },
        { name: "b", type: "string" },
      ],
    });
    const b = t.toBuffer({ a: 5, b: "x" });
    return [[...b], t.fromBuffer(b)];
  },
  async bufbuild() {
    const { toBinary, fromBinary, toJson } = await import("@bufbuild/protobuf");
    const { TimestampSchema, timestampFromMs } = await import("@bufbuild/protobuf/wkt");
    const b = toBinary(TimestampSchema, timestampFromMs(at));
    return [[...b], toJson(TimestampSchema, fromBinary(TimestampSchema, b))];
  },
  async superstruct() {
    const s = await import("superstruct");
    try {
      s.assert({ a: "x" }, s.object({ a: s.number() }));
    } catch (e) {
      return e.message;
    }
  },
  async temporal() {
    const { Temporal } = await import("temporal-polyfill");
    return [
      Temporal.PlainDate.from("2026-01-31").add({ months: 1 }).toString(),
      Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO("Asia/Tokyo").toString(),
      typeof globalThis.Temporal,
    ];
  },
  async formatjs() {
    const { createIntl } = await import("@formatjs/intl");
    const i = createIntl({ locale: "de", messages: { a: "{n, plural, one {# Ding} other {# Dinge}} {d, date, long} {c, number, ::currency/EUR}" } });
    return i.formatMessage({ id: "a" }, { n: 3, d: at, c: 1234.5 });
  },
  async pug() {
    const p = (await import("pug")).default;
    return p.render("p= a", { a: 1 });
  },
  async docx() {
    const d = await import("docx");
    const doc = new d.Document({ sections: [{ children: [new d.Paragraph("hello")] }] });
    const b = await d.Packer.toBuffer(doc);
    return [b.subarray(0, 2).toString(), b.length > 2000];
  },
  async slugify() {
    return (await import("slugify")).default("Ünï cödé!");
  },
  async imagesize() {
    const { imageSize } = await import("image-size");
    return imageSize(PNG);
  },
  async jpegjs() {
    const j = (await import("jpeg-js")).default;
    const e = j.encode({ data: Buffer.alloc(8 * 8 * 4, 128), width: 8, height: 8 }, 50);
    return [e.data.length, j.decode(e.data).width];
  },
  async upng() {
    const U = (await import("upng-js")).default;
    return U.decode(PNG.buffer).width;
  },
  async jimp() {
    const { Jimp } = await import("jimp");
    const i = new Jimp({ width: 4, height: 4, color: 0xff0000ff });
    i.resize({ w: 2, h: 2 });
    const b = await i.getBuffer("image/png");
    return [b.length > 50, i.width];
  },
  async jimpread() {
    const { Jimp } = await import("jimp");
    const i = await Jimp.read(Buffer.from(PNG));
    return [i.width, i.getPixelColor(0, 0)];
  },
  async blurhash() {
    const { encode } = await import("blurhash");
    return encode(new Uint8ClampedArray(16 * 16 * 4).fill(99), 16, 16, 4, 4);
  },
  async chrono() {
    const c = await import("chrono-node");
    return c.parseDate("next friday at 3pm", new Date(at)).toISOString();
  },
  async cronstrue() {
    return (await import("cronstrue")).default.toString("*/5 * * * 1-5");
  },
  async rrule() {
    const { RRule } = await import("rrule");
    return new RRule({ freq: RRule.WEEKLY, count: 3, dtstart: new Date(at) }).all().map(String);
  },
  async moment() {
    const m = (await import("moment-timezone")).default;
    return m(at).tz("Europe/Paris").format("LLLL");
  },
  async big() {
    const B = (await import("big.js")).default;
    return B("0.1").plus("0.2").toString();
  },
  async json5() {
    return (await import("json5")).default.parse("{a: 1, /*x*/ b: 'c',}");
  },
  async toml() {
    const t = await import("smol-toml");
    return [t.parse("a = 1\n[b]\nc = 2026-01-01T00:00:00Z"), (await import("toml")).default.parse("a = 1")];
  },
  async yaml() {
    const y = await import("yaml");
    return [y.parse("a: [1, 2]\nb: &x {c: 1}\nd: *x"), y.stringify({ a: [1] })];
  },
};
export default dispatch(routes);
