// TextEncoder, TextDecoder, atob, btoa. The .expected.txt was checked against the standards line by line; Node 20 differs in a few.
const show = (label, run) => {
  try {
    console.log(label, run());
  } catch (error) {
    console.log(label, "throws", error.name);
  }
};
const bytes = (...list) => new Uint8Array(list);
const encoder = new TextEncoder();
console.log(encoder.encoding, encoder.encode(), encoder.encode("aé€😀"), encoder.encode("\ud800x\udc00"));
for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 10]) {
  const into = new Uint8Array(length);
  const { read, written } = encoder.encodeInto("aé€😀b", into);
  console.log(length, read, written, into);
}
const part = new Uint8Array(8);
encoder.encodeInto("xyz", part.subarray(2, 4));
console.log(part);
show("encodeInto", () => encoder.encodeInto("a", new Uint16Array(1)));

const decoded = (input, label, options) => JSON.stringify(new TextDecoder(label, options).decode(input));
show("utf-8", () => decoded(encoder.encode("aé€😀")));
show("malformed", () => decoded(bytes(97, 0xff, 0xe2, 0x82, 98)));
show("fatal", () => decoded(bytes(0xff), "utf-8", { fatal: true }));
show("fatal, incomplete", () => decoded(bytes(0xe2, 0x82), "utf-8", { fatal: true }));
show("bom", () => decoded(bytes(0xef, 0xbb, 0xbf, 97)));
show("ignoreBOM", () => decoded(bytes(0xef, 0xbb, 0xbf, 97), "utf-8", { ignoreBOM: true }));
show("view", () => decoded(new DataView(bytes(97, 98, 99).buffer, 1, 1)));
show("buffer", () => decoded(bytes(97, 98).buffer));
show("nothing", () => new TextDecoder().decode());
show("utf-16le", () => decoded(bytes(0xff, 0xfe, 97, 0, 0x3d, 0xd8), "utf-16"));
show("utf-16be", () => decoded(bytes(0, 97), "utf-16be"));
show("latin1", () => [decoded(bytes(0x80, 0xe9), "latin1"), new TextDecoder(" LATIN1\n").encoding]);
show("shift_jis", () => decoded(bytes(0x82, 0xa0, 0x81), "sjis"));
show("gb18030", () => decoded(bytes(0x81, 0x30, 0x81, 0x30), "gb18030"));
show("unknown", () => new TextDecoder("klingon"));
show("replacement", () => new TextDecoder("iso-2022-kr"));
show("not a buffer", () => new TextDecoder().decode("x"));

const stream = new TextDecoder();
let text = "";
for (const byte of bytes(0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80)) text += stream.decode(bytes(byte), { stream: true });
console.log(text + stream.decode(), stream.decode(bytes(97)));
const jis = new TextDecoder("iso-2022-jp");
console.log(jis.decode(bytes(0x1b, 0x24, 0x42, 0x24), { stream: true }) + jis.decode(bytes(0x22, 0x1b, 0x28, 0x42, 97)));
const strict = new TextDecoder("utf-8", { fatal: true });
show("strict stream", () => strict.decode(bytes(0xe2), { stream: true }));
show("strict stream", () => strict.decode(bytes(97), { stream: true }));
show("after the fault", () => strict.decode(bytes(98)));

for (const data of ["", "a", "ab", "abc", "\xff\x00", null]) show("btoa", () => btoa(data));
show("btoa", () => btoa("€"));
for (const data of ["", "YQ==", "YQ", " Y\nQ = =", "YWI=", "YWJj", null]) show("atob", () => JSON.stringify(atob(data)));
for (const data of ["Y", "YQ=", "Y===", "Y-==", "YQ==YQ==", "é"]) show("atob", () => atob(data));

async function through(transform, ...chunks) {
  const writer = transform.writable.getWriter();
  const writing = (async () => {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  writing.catch(() => {});
  const results = [];
  for await (const result of transform.readable) results.push(result);
  return results;
}
console.log(await through(new TextEncoderStream(), "a", "", "\ud83d", "\ude00b", "\ud83d"));
console.log(await through(new TextDecoderStream(), bytes(0xe2), bytes(0x82, 0xac, 97).buffer, bytes(), bytes(0xf0)));
console.log(await through(new TextDecoderStream("utf-16"), bytes(97), bytes(0)), new TextDecoderStream("latin1", { fatal: true }));
for (const transform of [new TextDecoderStream("utf-8", { fatal: true }), new TextDecoderStream(), new TextEncoderStream()]) {
  await through(transform, transform instanceof TextEncoderStream ? Symbol() : transform.fatal ? bytes(0xff) : "text")
    .then(console.log, (error) => console.log(error.name));
}
