#!/usr/bin/env python3
"""What idle WebSockets cost: the memory of the supervisor and of the app's worker, for each of many.

    test/bench/websockets.py [--sockets N] [--compress]

The app echoes; each socket sends one message and gets it back before it is idle. Printed are the resident memory of both
processes before and after, the difference for each socket, and how long a round of messages over all of them takes.
nano is the release build (or NANO_BIN_DIR). Descriptors: one for each socket here, and one in the supervisor.
"""

import argparse
import asyncio
import json
import os
import pathlib
import re
import resource
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("NANO_BIN_DIR", ROOT / "target" / "release"))
APP = """\
export default { fetch() {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(data));
  return new Response(null, { status: 101, webSocket: client });
} };
"""
MESSAGE = b"\x81\x85\0\0\0\0hello"
ANSWER = b"\x81\x05hello"
KEY = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
# One address may have a part of all connections only.
PER_ADDRESS = 1000
AT_ONCE = 200


def resident(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) * 1024


async def connect(number, port, compress, gate):
    async with gate:
        source = f"127.0.{1 + number // PER_ADDRESS}.1"
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), limit=4096)
        offers = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if compress else ""
        head = f"GET / HTTP/1.1\r\nHost: a.local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{KEY}{offers}\r\n"
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer
        await ask(reader, writer)
        return reader, writer


async def ask(reader, writer):
    writer.write(MESSAGE)
    assert await reader.readexactly(len(ANSWER)) == ANSWER


async def measure(nano, worker, port, count, compress):
    gate = asyncio.Semaphore(AT_ONCE)
    first = await connect(0, port, compress, gate)
    before = resident(nano), resident(worker)
    sockets = [first] + await asyncio.gather(*(connect(number, port, compress, gate) for number in range(1, count)))
    await asyncio.sleep(2)
    after = resident(nano), resident(worker)
    start = time.monotonic()
    await asyncio.gather(*(ask(*socket) for socket in sockets))
    took = time.monotonic() - start
    for name, was, now in zip(("supervisor", "worker"), before, after):
        print(f"{name}: {was / 2**20:.1f} MB before, {now / 2**20:.1f} MB with {count} sockets: {(now - was) / count / 1024:.1f} KiB each")
    print(f"one message and its answer on each: {took:.2f} s")
    for _, writer in sockets:
        writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--compress", action="store_true", help="offer permessage-deflate")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "index.js").write_text(APP)
        config = {
            "listen": ["127.0.0.1:0"], "metrics": "off", "control_socket": str(folder / "c.sock"), "sandbox": "best-effort",
            "log": {"format": "json", "access": False},
            "apps": [{"name": "a", "hostname": "a.local", "path": ".", "memory_mb": 512}],
        }
        (folder / "nano.json").write_text(json.dumps(config))
        nano = subprocess.Popen([BIN / "nano", folder / "nano.json"], stderr=subprocess.PIPE, text=True)
        try:
            port = worker = None
            while port is None:
                line = json.loads(nano.stderr.readline())
                if line["message"] == "worker ready":
                    worker = line["pid"]
                if line["message"] == "listening":
                    port = int(line["address"].rsplit(":", 1)[1])
            asyncio.run(measure(nano.pid, worker, port, options.sockets, options.compress))
        finally:
            nano.kill()
            nano.wait()


if __name__ == "__main__":
    main()
