#!/usr/bin/env python3
"""A neighbour's waits while another app of the same host goes off: nano, workerd and node, side by side.

    test/bench/neighbours.py [--markdown] [--seconds N] [--quiet N] [--rate N] [--bomb TEXT]... [--only NAME]... [--offline]

Two apps, a neighbour that answers a few bytes and a bomber (neighbours/bombs.mjs, the same code everywhere): two apps of one
nano with its defaults; two services of one workerd; two processes of node. Peers come from npm as in peers.py.

For each bomb everything is started anew. First the neighbour is asked in quiet, then while the bomber is asked for the bomb
again and again. Requests of the neighbour are due at fixed times, whether or not those before were answered, and a wait counts
from then on: a stall shows in all that it delayed. One that has no answer after 5 s, or another answer, has failed.

Whatever takes more than 2 GiB is killed, as a machine of that size would do, and whatever ends is started again at once, as
systemd would do. "Top-level loop" is a new version of the bomber that never finishes loading, deployed as one deploys: by a
reload of nano, by a restart of workerd, by a restart of that one node.

Printed are the neighbour's p50 and p99 in milliseconds with the bomb and, as a factor, how much more that p99 is than the
same runtime's in quiet; then failed requests. Factors of one run are comparable, milliseconds of two machines are not.
nano is the release build (or NANO_BIN_DIR).
"""

import argparse
import asyncio
import datetime
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import peers

SOURCE = peers.ROOT / "test" / "bench" / "neighbours" / "bombs.mjs"
BOMBS = [
    "for (;;)", "lastIndexOf", "regex", "promise loop", "top-level loop",
    "array", "string", "Map", "ArrayBuffer", "resizable", "WASM", "stream chunks", "empty chunks",
]
TOP_LEVEL = "top-level loop"
PATIENCE_S = 5
MOST_MEMORY = 2 << 30
START_S = 20
RUNTIMES = ["nano", "workerd", "node"]

FETCH_HANDLER = """\
import { handle } from "./bombs.mjs";
export default { fetch: async (request) => new Response(await handle(new URL(request.url).pathname)) };
"""
NODE_SERVER = """\
import { createServer } from "node:http";
import { handle } from "./bombs.mjs";
createServer(async (request, response) => response.end(await handle(request.url))).listen(+process.argv[2], "127.0.0.1");
"""
LOOP = "for (;;);\n"

WORKERD_CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "neighbour", worker = .neighbour), (name = "bomber", worker = .bomber)],
  sockets = [
    (name = "neighbour", address = "127.0.0.1:%(neighbour)d", http = (), service = "neighbour"),
    (name = "bomber", address = "127.0.0.1:%(bomber)d", http = (), service = "bomber"),
  ],
);
const neighbour :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js"), (name = "bombs.mjs", esModule = embed "bombs.mjs")],
  compatibilityDate = "2026-11-01",
);
const bomber :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "%(entry)s"), (name = "bombs.mjs", esModule = embed "bombs.mjs")],
  compatibilityDate = "2026-11-01",
);
"""

PAGE = """\
# Neighbours

What an app notices of another one on the same host that goes off: the bombs of the gates `cpu_bombs` and `memory_bombs` in two apps of one nano, in two \
services of one workerd and in two processes of node. `test/bench/neighbours.py --markdown` wrote this page; \
`test/bench/neighbours/bombs.mjs` is the code of both apps, the same everywhere.

For each bomb everything is started anew. The neighbour gets %(rate)s requests a second at fixed times, whether or not those before \
were answered, and a wait counts from the time that the request was due: first for %(quiet)s s in quiet, then for %(seconds)s s while \
another client asks the bomber for the bomb, again and again. A request without the right answer after 5 s has failed. What \
takes more than 2 GiB is killed, and what ends is started again at once. nano and node have their default limits, workerd has \
none to set.

The factor is the neighbour's p99 with the bomb to the same runtime's p99 in quiet: that is what to compare. Milliseconds \
depend on the machine.

%(day)s, %(machine)s; %(versions)s.
"""


def note(text):
    print(f"neighbours: {text}", file=sys.stderr)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One that is started again when it ends, and killed when it takes too much."""

    def __init__(self, command, directory):
        self.command, self.directory = command, directory
        self.restarts = -1
        self.start()

    def start(self):
        self.restarts += 1
        self.process = subprocess.Popen(
            [str(part) for part in self.command], cwd=self.directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def look(self):
        if self.process.poll() is not None:
            self.start()
        elif sum(map(resident, tree(self.process.pid))) > MOST_MEMORY:
            self.process.kill()

    def stop(self):
        self.process.kill()
        self.process.wait()


def tree(pid):
    """The process and all below it."""
    found = [pid]
    for each in found:
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                found += map(int, pathlib.Path(f"/proc/{each}/task/{task}/children").read_text().split())
        except OSError:
            pass  # it has ended
    return found


def resident(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


class Host:
    """Both apps somewhere. `neighbour` and `bomber` are (port, Host header)."""

    def __init__(self, directory):
        self.directory = directory
        shutil.copy(SOURCE, directory)
        (directory / "index.js").write_text(FETCH_HANDLER)
        self.processes = []
        self.neighbour, self.bomber = (free_port(), "neighbour.local"), (free_port(), "bomber.local")

    def look(self):
        for process in self.processes:
            process.look()

    def stop(self):
        for process in self.processes:
            process.stop()


class Nano(Host):
    def __init__(self, directory, _program):
        super().__init__(directory)
        self.bomber = (self.neighbour[0], self.bomber[1])
        self.control = directory / "control.sock"
        for app in ["neighbour", "bomber"]:
            (directory / app).mkdir()
            shutil.copy(SOURCE, directory / app)
            (directory / app / "index.js").write_text(FETCH_HANDLER)
        config = {
            "listen": [f"127.0.0.1:{self.neighbour[0]}"], "metrics": "off", "control_socket": str(self.control),
            "log": {"access": False}, "apps": [{"hostname": f"{app}.local", "path": app} for app in ["neighbour", "bomber"]],
        }
        (directory / "nano.json").write_text(json.dumps(config))
        self.processes = [Process([peers.BIN / "nano", "serve", "--config", "nano.json"], directory)]

    async def deploy_loop(self):
        (self.directory / "bomber" / "index.js").write_text(LOOP)
        # Refused, after the time that the app's limit gives it.
        command = [peers.BIN / "nanoctl", "--socket", self.control, "reload"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await (await asyncio.create_subprocess_exec(*map(str, command), **quiet)).wait()


class Workerd(Host):
    def __init__(self, directory, program):
        super().__init__(directory)
        (directory / "loop.js").write_text(LOOP)
        self.configure("index.js")
        self.processes = [Process([program, "serve", "config.capnp"], directory)]

    def configure(self, entry):
        ports = {"neighbour": self.neighbour[0], "bomber": self.bomber[0], "entry": entry}
        (self.directory / "config.capnp").write_text(WORKERD_CONFIG % ports)

    async def deploy_loop(self):
        self.configure("loop.js")
        self.processes[0].stop()
        await asyncio.sleep(PATIENCE_S)


class Node(Host):
    def __init__(self, directory, program):
        super().__init__(directory)
        (directory / "server.mjs").write_text(NODE_SERVER)
        self.processes = [Process([program, "server.mjs", port], directory) for port, _ in [self.neighbour, self.bomber]]

    async def deploy_loop(self):
        (self.directory / "server.mjs").write_text(LOOP)
        self.processes[1].stop()
        await asyncio.sleep(PATIENCE_S)


async def ask(target, path, idle):
    """GET over a connection of `idle`, or a new one; the body if the status is 200."""
    port, host = target
    reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int((await reader.readline()).split(b";")[0], 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") != "close":
            idle.append((reader, writer))
            writer = None
        return body if lines[0].split()[1] == "200" else None
    finally:
        if writer is not None:
            writer.close()


async def neighbour_waits(host, seconds, rate):
    """Wait in seconds of each request that was answered, and how many were not."""
    idle, waits, failed = [], [], 0
    loop = asyncio.get_running_loop()

    async def one(due):
        nonlocal failed
        try:
            async with asyncio.timeout(due + PATIENCE_S - loop.time()):
                body = await ask(host.neighbour, "/", idle)
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, TimeoutError):
            body = None
        if body == b"still here":
            waits.append(loop.time() - due)
        else:
            failed += 1

    start, tasks = loop.time(), []
    for number in range(int(seconds * rate)):
        due = start + number / rate
        await asyncio.sleep(max(0, due - loop.time()))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    for _, writer in idle:
        writer.close()
    return waits, failed


async def bomb_again_and_again(host, bomb):
    while True:
        try:
            if bomb == TOP_LEVEL:
                await host.deploy_loop()
            else:
                path = "/" + bomb.replace(" ", "%20").replace(";", "%3B")
                async with asyncio.timeout(PATIENCE_S):
                    await ask(host.bomber, path, [])
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, TimeoutError):
            pass
        await asyncio.sleep(0.05)


async def keep_alive(host):
    while True:
        host.look()
        await asyncio.sleep(0.05)


async def serves(host):
    """Waits until both apps answer."""
    deadline = time.monotonic() + START_S
    for target in [host.neighbour, host.bomber]:
        while True:
            try:
                async with asyncio.timeout(1):
                    if await ask(target, "/", []) == b"still here":
                        break
            except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, TimeoutError):
                pass
            if time.monotonic() > deadline:
                raise peers.Failed("did not start")
            await asyncio.sleep(0.05)


async def measure(kind, program, bomb, options):
    with tempfile.TemporaryDirectory(prefix="nano-neighbours-") as name:
        # A worker of nano runs as another user.
        os.chmod(name, 0o755)
        host = kind(pathlib.Path(name), program)
        background = []
        try:
            await serves(host)
            background.append(asyncio.create_task(keep_alive(host)))
            quiet, quiet_failed = await neighbour_waits(host, options.quiet, options.rate)
            if quiet_failed or not quiet:
                raise peers.Failed(f"{quiet_failed} requests failed in quiet")
            background.append(asyncio.create_task(bomb_again_and_again(host, bomb)))
            waits, failed = await neighbour_waits(host, options.seconds, options.rate)
            return {
                "quiet_p99": percentile(quiet, 99), "p50": percentile(waits, 50), "p99": percentile(waits, 99),
                "failed": failed, "asked": len(waits) + failed, "restarts": sum(p.restarts for p in host.processes),
            }
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            host.stop()


def percentile(waits, part):
    ordered = sorted(waits)
    return ordered[(len(ordered) - 1) * part // 100] if ordered else None


def milliseconds(wait):
    return "-" if wait is None else f"{wait * 1000:.1f}"


def cell(result):
    if result is None:
        return ["-", "-", "-"]
    factor = "-" if result["p99"] is None else f"×{result['p99'] / result['quiet_p99']:.1f}"
    share = 100 * result["failed"] / result["asked"]
    failed = f"{result['failed']} ({share:.0f} %)" if result["failed"] else "0"
    return [f"{milliseconds(result['p50'])} / {milliseconds(result['p99'])}", factor, failed]


def table(headings, results):
    heading = ["bomb in the other app"]
    for name in headings:
        heading += [f"{name}: p50 / p99 ms", "p99 to quiet", "failed"]
    rows = [[bomb, *(part for name in headings for part in cell(by.get(name)))] for bomb, by in results.items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, ["---"] + ["---:"] * (len(heading) - 1), *rows])


def found_runtimes(options):
    """Name → (heading, kind, program)."""
    names = options.only or RUNTIMES
    found = {}
    if "nano" in names:
        if not (peers.BIN / "nano").is_file():
            sys.exit(f"neighbours: {peers.BIN / 'nano'} is not there: run `make build` first")
        found["nano"] = (Nano, None)
    programs = peers.present([name for name in names if name != "nano"], options.offline)
    kinds = {"workerd": Workerd, "node": Node}
    found |= {name: (kinds[name], program) for name, program in programs.items()}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", action="store_true", help="all of docs/neighbours.md")
    parser.add_argument("--seconds", type=float, default=8, help="of each bomb")
    parser.add_argument("--quiet", type=float, default=4, help="seconds without one, before")
    parser.add_argument("--rate", type=float, default=100, help="requests of the neighbour in a second")
    parser.add_argument("--bomb", action="append", default=[], metavar="TEXT", help="only bombs with TEXT in their name")
    parser.add_argument("--only", action="append", choices=RUNTIMES, help="only these runtimes")
    parser.add_argument("--offline", action="store_true", help="use the peers that are installed, ask npm for none")
    options = parser.parse_args()
    bombs = [bomb for bomb in BOMBS if not options.bomb or any(part in bomb for part in options.bomb)]
    if not bombs:
        sys.exit("neighbours: no bomb has such a name")
    found = found_runtimes(options)
    results = {bomb: {} for bomb in bombs}
    for bomb in bombs:
        for name, (kind, program) in found.items():
            try:
                results[bomb][name] = asyncio.run(measure(kind, program, bomb, options))
                note(f"{bomb}, {name}: {' | '.join(cell(results[bomb][name]))}, restarted {results[bomb][name]['restarts']} ×")
            except peers.Failed as error:
                note(f"{bomb}, {name}: {error}")
    if options.markdown:
        versions = ", ".join(f"{name} {peers.PINNED[name][0]}" for name in found if name in peers.PINNED)
        print(PAGE % {
            "rate": f"{options.rate:g}", "seconds": f"{options.seconds:g}", "quiet": f"{options.quiet:g}",
            "day": datetime.date.today(), "machine": peers.machine(), "versions": versions,
        })
    print(table(list(found), results))


if __name__ == "__main__":
    main()
