// Standard style: request.url is a string.
//
// The acceptance app of the WritableStream limit: seven probes, one path each. test/streams/writable/TEST.md says what each
// must answer with `max_buffer_size_mb` 1.

const MIB = 1024 * 1024;

// A sink gets every chunk, in order.
async function basic() {
  const chunks = [];
  const stream = new WritableStream({
    write(chunk) {
      chunks.push(chunk);
    },
  });
  const writer = stream.getWriter();
  await writer.write("Hello");
  await writer.write("World");
  await writer.close();
  return chunks;
}

// Each queued chunk lowers desiredSize by one, past zero.
async function backpressure() {
  const stream = new WritableStream({ write() {} }, new CountQueuingStrategy({ highWaterMark: 2 }));
  const writer = stream.getWriter();
  const sizes = [writer.desiredSize];
  const writes = [];
  for (const chunk of ["a", "b", "c"]) {
    writes.push(writer.write(chunk));
    sizes.push(writer.desiredSize);
  }
  await Promise.all(writes);
  return sizes;
}

// abort() reaches the sink, with its reason.
async function abort() {
  let aborted = false;
  const reason = new Error("enough");
  const stream = new WritableStream({
    abort(given) {
      aborted = given === reason;
    },
  });
  const writer = stream.getWriter();
  await writer.abort(reason);
  return { aborted };
}

// A throwing sink rejects the write.
async function error() {
  const stream = new WritableStream({
    write() {
      throw new Error("the sink failed");
    },
  });
  const writer = stream.getWriter();
  try {
    await writer.write("chunk");
  } catch (thrown) {
    return { error: thrown.message === "the sink failed" ? "caught" : String(thrown) };
  }
  return { error: "none" };
}

// `ready` waits while the queue is full and goes on when it has room.
async function ready() {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const stream = new WritableStream({ write: () => held }, new CountQueuingStrategy({ highWaterMark: 1 }));
  const writer = stream.getWriter();
  await writer.ready;
  const written = writer.write("chunk");
  if (writer.desiredSize !== 0) return { ready: "no backpressure" };
  let waited = true;
  const isReady = writer.ready.then(() => waited);
  await Promise.resolve();
  waited = false;
  release();
  await written;
  if (await isReady) return { ready: "too early" };
  await writer.close();
  return { ready: "ok" };
}

// One 1 MiB string is over a limit of 1 MB: its bytes and the overhead of a chunk.
async function bufferOverflow() {
  const stream = new WritableStream({ write() {} });
  const writer = stream.getWriter();
  const chunk = "x".repeat(MIB);
  try {
    await writer.write(chunk);
    await writer.write(chunk);
  } catch (thrown) {
    return { error: "buffer overflow caught", message: thrown.message };
  }
  return { error: "none" };
}

// The log must show: WritableStream { locked: false, state: 'writable', desiredSize: 1 }
async function consoleFormat() {
  const stream = new WritableStream();
  console.log(stream);
  return { logged: true };
}

const probes = {
  "/basic": basic,
  "/backpressure": backpressure,
  "/abort": abort,
  "/error": error,
  "/ready": ready,
  "/buffer-overflow": bufferOverflow,
  "/console-format": consoleFormat,
};

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const probe = Object.hasOwn(probes, pathname) ? probes[pathname] : null;
    if (probe === null) {
      return new Response(JSON.stringify({ probes: Object.keys(probes) }), {
        status: pathname === "/" ? 200 : 404,
        headers: { "content-type": "application/json" },
      });
    }
    return new Response(JSON.stringify(await probe()), { headers: { "content-type": "application/json" } });
  },
};
