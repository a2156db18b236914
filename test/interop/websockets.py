#!/usr/bin/env python3
"""nano's WebSockets against those of Python's library `websockets`, as its client and as its server.

    test/interop/websockets.py            (make interop)

The library comes from PyPI into target/interop, once. nano is the debug build (or NANO_BIN_DIR).
"""

import asyncio
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("NANO_BIN_DIR", ROOT / "target" / "debug"))
VERSION = "17.4"
# This file has the name of the library.
sys.path = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).resolve().parent]

ECHO = """\
export default { fetch(request) {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.binaryType = "arraybuffer";
  server.addEventListener("message", ({ data }) => (data === "bye" ? server.close(4000, "as asked") : server.send(data)));
  const headers = {};
  const protocols = request.headers.get("sec-websocket-protocol");
  if (protocols !== null) headers["sec-websocket-protocol"] = protocols.split(", ").at(-1);
  return new Response(null, { status: 101, webSocket: client, headers });
} };
"""
CLIENT = """\
const once = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
export default { async fetch(request) {
  const socket = new WebSocket(`ws://${new URL(request.url).search.slice(1)}`, ["one", "two"]);
  socket.binaryType = "arraybuffer";
  await once(socket, "open");
  const seen = [socket.protocol, socket.extensions !== ""];
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 500_000]) {
    socket.send("x".repeat(size));
    const text = (await once(socket, "message")).data;
    socket.send(new Uint8Array(size).fill(7));
    const bytes = (await once(socket, "message")).data;
    seen.push(text.length === size && bytes.byteLength === size);
  }
  socket.close(3000, "done");
  const { code, wasClean } = await once(socket, "close");
  return Response.json([...seen, code, wasClean]);
} };
"""


def install():
    """Makes the library importable: this file goes on in an environment of its own."""
    folder = ROOT / "target" / "interop" / VERSION
    python = folder / "bin" / "python"
    if pathlib.Path(sys.prefix) == folder:
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", f"websockets=={VERSION}"], check=True)
    os.execv(python, [python, *sys.argv])


async def as_client(port):
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory as Deflate

    dice = random.Random(7)
    offers = [
        None, [Deflate()], [Deflate(server_max_window_bits=9)], [Deflate(client_max_window_bits=True)],
        [Deflate(server_no_context_takeover=True, client_no_context_takeover=True)],
    ]
    for extensions in offers:
        options = {"compression": None, "extensions": extensions, "proxy": None, "max_size": 1 << 24}
        async with connect(f"ws://127.0.0.1:{port}/", subprotocols=["a", "b"], **options) as socket:
            assert socket.subprotocol == "b"
            for size in [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000]:
                for message in ["x" * size, "\u00fc" * (size // 2), dice.randbytes(size)]:
                    await socket.send(message)
                    assert await socket.recv() == message, size
            # In fragments, as an iterable is sent.
            await socket.send(["one ", "", "two ", "three"])
            assert await socket.recv() == "one two three"
            assert await (await socket.ping("sign of life")) > 0
            await socket.send("bye")
            try:
                await socket.recv()
                raise AssertionError("it goes on")
            except ConnectionClosed as closed:
                assert (closed.rcvd.code, closed.rcvd.reason) == (4000, "as asked"), closed
    print(f"as its client: {len(offers)} kinds of compression")


async def as_server(port):
    from websockets.asyncio.server import serve
    from websockets.exceptions import ConnectionClosed

    async def echo(socket):
        try:
            async for message in socket:
                await socket.send(message)
        except ConnectionClosed as closed:
            assert closed.rcvd.code == 3000, closed

    for compression in ["deflate", None]:
        async with serve(echo, "127.0.0.1", 0, compression=compression, subprotocols=["two"], max_size=1 << 24) as server:
            address = "127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET /?{address} HTTP/1.1\r\nHost: client.local\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), (head, body)
            seen = json.loads(body)
            assert seen == ["two", compression is not None] + [True] * 7 + [3000, True], seen
            writer.close()
    print("as its server: with compression and without")


def main():
    install()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, source in {"echo": ECHO, "client": CLIENT}.items():
            (folder / f"{name}.js").write_text(source)
        apps = [
            {"name": "echo", "hostname": "*", "path": "echo.js"},
            {"name": "client", "hostname": "client.local", "path": "client.js", "egress": ["127.0.0.1"]},
        ]
        config = {"listen": ["127.0.0.1:0"], "metrics": "off", "control_socket": str(folder / "c.sock"), "apps": apps, "log": {"format": "json"}}
        (folder / "nano.json").write_text(json.dumps(config))
        nano = subprocess.Popen([BIN / "nano", folder / "nano.json"], stderr=subprocess.PIPE, text=True)
        try:
            line = {}
            while line.get("message") != "listening":
                line = json.loads(nano.stderr.readline())
            port = int(line["address"].rsplit(":", 1)[1])
            asyncio.run(as_client(port))
            asyncio.run(as_server(port))
        finally:
            nano.terminate()
            nano.wait()


if __name__ == "__main__":
    main()
