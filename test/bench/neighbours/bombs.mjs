// What one app does to take everything: the bombs of the gates `cpu_bombs` and `memory_bombs`. The same file runs in nano, workerd and node.

const forever = new Promise(() => {});

export const bombs = {
  "for (;;)": () => { for (;;); },
  "lastIndexOf": () => "a".repeat(5e6).lastIndexOf("a".repeat(2e6) + "b"),
  "regex": () => /^(a+)+$/.test("a".repeat(60) + "b"),
  "promise loop": () => {
    const again = () => { queueMicrotask(again); };
    again();
    return forever;
  },
  "array": () => { const a = []; for (;;) a.push(new Array(1000).fill(a.length)); },
  "string": () => { const a = []; for (let i = 0; ; i++) a.push((i + "x").repeat(1000).split("").join(".")); },
  "Map": () => { const m = new Map(); for (let i = 0; ; i++) m.set(i, { i }); },
  "ArrayBuffer": () => { const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1)); },
  "resizable": () => {
    const a = [];
    for (;;) {
      const b = new ArrayBuffer(0, { maxByteLength: 1 << 24 });
      b.resize(1 << 24);
      new Uint8Array(b).fill(1);
      a.push(b);
    }
  },
  "WASM": () => {
    const a = [];
    for (;;) {
      const m = new WebAssembly.Memory({ initial: 16, maximum: 16 });
      new Uint8Array(m.buffer).fill(1);
      a.push(m);
    }
  },
  "stream chunks": () => writeForever("x".repeat(10_000)),
  "empty chunks": () => writeForever(""),
};

// Into a stream whose sink never takes anything; without a pause, as long as the stream bears it.
function writeForever(chunk) {
  const writer = new WritableStream({ write: () => forever }).getWriter();
  for (;;) {
    writer.write(chunk).catch(() => {});
    if (writer.desiredSize === null) throw new Error("the stream is full");
  }
}

// A path names the bomb; `/` is what the neighbour answers.
export async function handle(path) {
  const bomb = bombs[decodeURIComponent(path.slice(1))];
  if (bomb === undefined) return "still here";
  try {
    await bomb();
  } catch (error) {
    return `refused: ${error.message}`;
  }
  return "over";
}
