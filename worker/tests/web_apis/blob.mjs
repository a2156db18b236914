// Blob, File, FormData and multipart bodies. The .expected.txt was checked against the standards line by line.
const show = async (label, run) => {
  try {
    console.log(label, await run());
  } catch (error) {
    console.log(label, "throws", error.name);
  }
};
const bytes = new Uint8Array([1, 2, 3, 4]);
const blob = new Blob(["aé\r\n", bytes.subarray(1, 3), bytes.buffer, new Blob(["nested"])], { type: "Text/Plain" });
bytes.fill(9);
console.log(blob, new Uint8Array(await blob.arrayBuffer()), new Blob(), await new Blob([1, null, {}]).text());
console.log(await new Blob(["a\r\nb\rc"], { endings: "native" }).text().then(JSON.stringify), new Blob([], { type: "bad\u0001" }).type);
for (const range of [[], [1], [-6], [-6, -2], [2, 1], [0, 1e9], [NaN, 3.7, "X/Y"]]) {
  const slice = blob.slice(...range);
  console.log(range, slice.size, slice.type, await slice.text().then(JSON.stringify));
}
const handed = await blob.bytes();
handed.fill(0);
console.log((await blob.bytes())[0], (await blob.slice(0, 1).arrayBuffer()).byteLength);
const chunks = [];
for await (const chunk of new Blob(["x".repeat(100000)]).stream()) chunks.push(chunk.length);
console.log(chunks.reduce((sum, length) => sum + length), (await new Response(blob).text()).length, new Response(blob).headers.get("content-type"));
await show("string", () => new Blob("abc"));
await show("endings", () => new Blob([], { endings: "other" }));
await show("brand", () => Blob.prototype.text.call({}));

const file = new File(["f"], "näme.txt", { type: "text/csv", lastModified: 5 });
console.log(file, file instanceof Blob, file.slice(0, 1) instanceof File, structuredClone(file), structuredClone(blob).size);
await show("File", () => new File([]));
const early = Date.now();
const { lastModified } = new File([], "n");
console.log(lastModified >= early && lastModified <= Date.now());

const form = new FormData();
form.append("a", "1");
form.append("a", 2);
form.append("file", file);
form.append("file", blob, "renamed");
form.set("s", "line\nbreak\r");
form.append('q"\r\n', "é");
console.log(form);
form.append("blob", new Blob(["b"]));
console.log([...form.keys()], form.get("none"), form.has("a"), form.getAll("a"), form.get("blob").name, form.get("file") === file);
form.delete("a");
form.set("file", "now a string");
console.log([...form].map(([name, value]) => [name, typeof value]));
await show("not a blob", () => form.append("a", "b", "c"));
await show("form", () => new FormData({}));

form.append("csv", file);
const response = new Response(form);
const type = response.headers.get("content-type");
const boundary = type.replace("multipart/form-data; boundary=", "");
const copy = response.clone();
console.log(JSON.stringify((await response.text()).replaceAll(boundary, "B")));
const back = await copy.formData();
console.log([...back.keys()], back.get("s"), back.get('q"\r\n'), back.get("csv").name, back.get("csv").type, await back.get("csv").text());
const request = (body, type) => new Request("http://a/", { method: "POST", body, headers: { "content-type": type } });
const curl = '--b"1\r\nContent-Disposition: form-data; name="up"; filename="a\\"b.bin"\r\nContent-Type: application/x-thing\r\n\r\n\0\r\n--b\r\n--b"1--\r\n';
await show("curl", async () => {
  const up = (await request(curl, 'multipart/form-data; charset=x; boundary="b\\"1"').formData()).get("up");
  return [up.name, up.type, up.size];
});
await show("urlencoded", async () => [...await request("a=1&b=%C3%A9+", "application/x-www-form-urlencoded; charset=utf-8").formData()]);
await show("search parameters", async () => [...await new Response(new URLSearchParams("x=y")).formData()]);
await show("text", () => new Response("a=b").formData());
await show("cut short", () => request("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", "multipart/form-data; boundary=b").formData());
await show("no boundary", () => request("--b--", "multipart/form-data").formData());
await show("blob()", async () => (await request("x", "Image/PNG").blob()).type);
