#!/usr/bin/env python3
"""What a calm app notices of another one that asks hostile servers: its waits, its losses, and the supervisor's size.

    test/bench/upstreams.py [--seconds N] [--rate N] [--clients N] [--only NAME]...

One nano with a calm app and a noisy one; the noisy app's `fetch()` goes to a server of this script on a loopback address. For
each kind of trouble everything is started anew. The calm app gets so many requests a second, each due at a fixed time whether
or not those before were answered, and a wait counts from then. A request without the right answer after 5 s is lost.

Printed for each kind: the calm app's p50, p99 and worst wait in milliseconds, lost requests, the supervisor's largest resident
size and the CPU time of its threads in percent of a core. Milliseconds of two machines are not comparable; those of two builds
in one run are (NANO_BIN_DIR). nano is the release build unless NANO_BIN_DIR says otherwise.
"""

import argparse
import asyncio
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 5
PIECES = {
    "quiet": None,
    "informational": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "header": (b"HTTP/1.1 200 OK\r\n", b"X-Header: value\r\n"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: value\r\n"),
    "extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5", b";extension"),
    "zeros": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "bytes": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b"and so on, " * 100),
    "unread": (b"HTTP/1.1 200 OK\r\n\r\n", b"and so on, " * 100),
    "cancel": (b"HTTP/1.1 200 OK\r\n\r\n", b"and so on, " * 100),
    "cancel short": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nshort", None),
}
NOISY = """\
const kept = [];
export default { async fetch(request) {
  const { searchParams } = new URL(request.url);
  const u = searchParams.get("u"), way = searchParams.get("way");
  try {
    if (way.startsWith("cancel")) { for (;;) await (await fetch(u)).body.cancel(); }
    const response = await fetch(u);
    if (way === "unread") return kept.push(response), new Response("kept");
    for await (const chunk of response.body);
    return new Response("read");
  } catch (error) { return new Response(String(error)); }
} };
"""
CALM = "export default { fetch: () => new Response('calm') };\n"


def serve_flood(first, piece):
    """A server that answers each connection with `first`, then `piece` for ever."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def converse(stream):
        with stream:
            try:
                stream.recv(4096)
                stream.sendall(first)
                flood = piece * (65536 // len(piece)) if piece else None
                while flood:
                    stream.sendall(flood)
                stream.recv(1)
            except OSError:
                pass

    def accept():
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=(stream,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def resident(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def ask(port, host, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return await reader.read()
    finally:
        writer.close()


async def measure(port, pid, kind, upstream, options):
    waits, lost, largest = [], 0, 0

    async def one(due):
        nonlocal lost
        try:
            answer = await asyncio.wait_for(ask(port, "calm.local", "/"), PATIENCE_S)
            if not answer.endswith(b"calm"):
                raise OSError("another answer")
            waits.append((time.monotonic() - due) * 1000)
        except (OSError, asyncio.TimeoutError):
            lost += 1

    async def make_noise():
        way = kind if kind in ("unread", "cancel") else "cancel" if kind == "cancel short" else "read"
        path = f"/?way={way}&u=http%3a%2f%2f127.0.0.1%3a{upstream}%2f"
        while True:
            try:
                await asyncio.wait_for(ask(port, "noisy.local", path), PATIENCE_S)
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(0.05)

    noise = [asyncio.create_task(make_noise()) for _ in range(options.clients)] if upstream else []
    await asyncio.sleep(1 if noise else 0.2)
    cpu, start = cpu_seconds(pid), time.monotonic()
    tasks = []
    for number in range(int(options.seconds * options.rate)):
        due = start + number / options.rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        tasks.append(asyncio.create_task(one(due)))
        if number % 10 == 0:
            largest = max(largest, resident(pid))
    await asyncio.gather(*tasks)
    percent = (cpu_seconds(pid) - cpu) / (time.monotonic() - start) * 100
    for task in noise:
        task.cancel()
    waits.sort()
    at = lambda part: waits[min(len(waits) - 1, int(len(waits) * part))] if waits else float("nan")
    return at(0.5), at(0.99), at(1), lost, max(largest, resident(pid)), percent


def run(kind, options):
    flood = PIECES[kind]
    listener = serve_flood(*flood) if flood else None
    upstream = listener.getsockname()[1] if listener else 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    binaries = pathlib.Path(os.environ.get("NANO_BIN_DIR", ROOT / "target" / "release"))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, source in [("noisy", NOISY), ("calm", CALM)]:
            (folder / name).mkdir()
            (folder / name / "index.js").write_text(source)
        (folder / "nano.json").write_text(json.dumps({
            "listen": [f"127.0.0.1:{port}"], "metrics": "off", "log": {"access": False},
            "control_socket": str(folder / "control.sock"),
            "apps": [
                {"hostname": "calm.local", "path": "calm"},
                {"hostname": "noisy.local", "path": "noisy", "egress": [f"127.0.0.1:{upstream}"] if upstream else "off"},
            ],
        }))
        nano = subprocess.Popen([binaries / "nano", "serve", "--config", "nano.json"], cwd=folder, stderr=subprocess.DEVNULL)
        try:
            for _ in range(200):
                try:
                    if asyncio.run(ask(port, "calm.local", "/")).endswith(b"calm"):
                        break
                except OSError:
                    pass
                time.sleep(0.1)
            return asyncio.run(measure(port, nano.pid, kind, upstream, options))
        finally:
            nano.kill()
            nano.wait()
            if listener:
                listener.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--only", action="append", choices=list(PIECES))
    options = parser.parse_args()
    print(f"{'kind':14} {'p50 ms':>8} {'p99 ms':>8} {'worst':>8} {'lost':>5} {'MB':>6} {'CPU %':>6}")
    for kind in options.only or PIECES:
        p50, p99, worst, lost, megabytes, cpu = run(kind, options)
        print(f"{kind:14} {p50:8.1f} {p99:8.1f} {worst:8.1f} {lost:5} {megabytes:6.1f} {cpu:6.0f}", flush=True)


if __name__ == "__main__":
    main()
