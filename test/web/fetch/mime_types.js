// The MIME type of a body: "extract a MIME type" of the Fetch Standard, and MIME Sniffing §4.

import { deepEqual, done, equal, test, thrownBy } from "./harness.js";

const typed = (type, body = "") => new Response(body, { headers: { "content-type": type } });

async function blobType(type) {
  return (await typed(type).blob()).type;
}

test("a blob has the type as MIME Sniffing serializes it, in lower case as Blobs have it", async () => {
  for (const [header, type] of [
    ["TEXT/Plain ; Charset=UTF-8", "text/plain;charset=utf-8"],
    ["text/html;charset=gbk", "text/html;charset=gbk"],
    ["text/html; charset=\"gbk\"", "text/html;charset=gbk"],
    ["text/html;charset=\"a b\"", 'text/html;charset="a b"'],
    ["text/html;charset=\"a\\\"\\\\b\"", 'text/html;charset="a\\"\\\\b"'],
    ["text/html;charset=\"gbk", "text/html;charset=gbk"],
    ["text/html;charset=\"\"", 'text/html;charset=""'],
    ["text/html;charset=\"gbk\\", 'text/html;charset="gbk\\\\"'],
    ["text/html;charset=", "text/html"],
    ["text/html;=gbk;a=b", "text/html;a=b"],
    ["text/html;charset =gbk", "text/html"],
    ["text/html;charset= gbk ", 'text/html;charset=" gbk"'],
    ["text/html;charset=a;charset=b", "text/html;charset=a"],
    ["text/html;;;;charset=gbk", "text/html;charset=gbk"],
    ["text/html;test;charset=gbk", "text/html;charset=gbk"],
    ["text/html;charset=\";charset=foo\";charset=gbk", 'text/html;charset=";charset=foo"'],
    ["text/html;charset=a\"b", 'text/html;charset="a\\"b"'],
    ["text/html ", "text/html"],
    // A Blob's type is of printable ASCII.
    ["text/html;charset=\u00ff", ""],
    ["x/x;x/x;y=1", "x/x;y=1"],
  ]) {
    equal(await blobType(header), type, header);
  }
});

test("what is no type has none", async () => {
  for (const header of ["not a type", "", "text", "text/", "/html", "te xt/html", "text/ht ml", "text/html/x", "é/x", "*/*", ";a=b", "text,html"]) {
    equal(await blobType(header), "", header);
  }
  equal((await new Response(new Uint8Array(1)).blob()).type, "");
});

test("of several types the last valid one counts, with the charset of one that is the same", async () => {
  for (const [header, type] of [
    ["text/plain, text/html", "text/html"],
    ["text/html, not a type", "text/html"],
    ["text/html;charset=gbk, text/html", "text/html;charset=gbk"],
    ["text/html;charset=gbk, text/html;x=\",text/plain\"", 'text/html;x=",text/plain";charset=gbk'],
    ["text/html;charset=gbk, text/plain, text/html", "text/html"],
    ["text/html;charset=a, text/html;charset=b, text/html", "text/html;charset=a"],
    ["text/html, */*", "text/html"],
    ["text/html;\", \", text/plain", "text/plain"],
    [",, text/html ,,", "text/html"],
  ]) {
    equal(await blobType(header), type, header);
  }
  const headers = new Headers();
  headers.append("content-type", "text/plain");
  headers.append("content-type", "Image/PNG");
  equal((await new Response("", { headers }).blob()).type, "image/png");
});

test("requests as responses", async () => {
  const request = new Request("http://a/", { method: "POST", body: "x", headers: { "content-type": "A/B; C=D" } });
  equal((await request.blob()).type, "a/b;c=d");
  equal((await new Request("http://a/", { method: "POST", body: "x" }).blob()).type, "text/plain;charset=utf-8");
});

test("formData() goes by the essence, in any case and with any parameters", async () => {
  deepEqual([...await typed("Application/X-WWW-Form-Urlencoded ; charset=utf-8", "a=1&b=2").formData()], [["a", "1"], ["b", "2"]]);
  const body = '--X y\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X y--\r\n';
  deepEqual([...await typed('Multipart/Form-Data; charset=utf-8; boundary="X y"', body).formData()], [["a", "1"]]);
  deepEqual([...await typed("text/plain, application/x-www-form-urlencoded", "a=1").formData()], [["a", "1"]]);
  for (const type of ["text/plain", "application/x-www-form-urlencoded, text/plain", "multipart/form-data", "form"]) {
    equal(await typed(type, "a=1").formData().then(() => "taken", (error) => error.name), "TypeError", type);
  }
});

test("the types of a form's files are those of Blobs", async () => {
  const body = '--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\nContent-Type: TEXT/Html\r\n\r\n1\r\n--x--\r\n';
  equal((await typed("multipart/form-data; boundary=x", body).formData()).get("a").type, "text/html");
});

test("names and file names of a form are literal but for quotes and line breaks", async () => {
  const form = new FormData();
  form.append('n\\"\r\n\\', "v");
  for (const name of ["a\\", 'C:\\tmp\\', 'q"\\"', "l\r\nb\n", "%22", "\\\\", "ü\\n"]) form.append("file", new File(["x"], name));
  const text = await new Response(form).text();
  equal(text.includes('name="n\\%22%0D%0A\\"'), true, text);
  equal(text.includes('filename="C:\\tmp\\"'), true);
  const copy = await new Response(form).formData();
  deepEqual(copy.getAll("file").map((file) => file.name), ["a\\", 'C:\\tmp\\', 'q"\\"', "l\r\nb\n", '"', "\\\\", "ü\\n"]);
  equal(copy.get('n\\"\r\n\\'), "v");
  const raw = '--x\r\nContent-Disposition: form-data; name="f"; filename="C:\\tmp\\"\r\n\r\n1\r\n--x--\r\n';
  equal((await typed("multipart/form-data; boundary=x", raw).formData()).get("f").name, "C:\\tmp\\");
});

test("a type that cannot be in a header is refused before", () => {
  equal(thrownBy(() => typed("text/\u0100")).name, "TypeError");
});

done();
