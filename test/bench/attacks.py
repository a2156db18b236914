#!/usr/bin/env python3
"""What a calm app notices while another app, or a client of it, attacks: one nano, or two in turns.

    test/bench/attacks.py [--before DIR] [--seconds N] [--rate N] [--attack TEXT]... [--markdown]

Two apps of one nano with its defaults: "calm", which answers a few bytes, and one that is attacked or attacks. Calm is asked at
fixed times, whether or not its requests before were answered, and a wait counts from the time that the request was due. One
that has no answer after 5 s, or another answer, is lost. The attack begins after one second of calm and goes on to the end.

Printed are calm's p50 and p99 in milliseconds and what it lost, the supervisor's most resident memory and its CPU time as a
share of one core, how often a worker ended, and how an honest request to the attacked app was answered in the end. `--before`
names a directory with other builds of `nano`, `nanoctl` and `nano-worker`: each attack then runs on both, in turns, for a
comparison within one run. nano is the release build (or NANO_BIN_DIR).
"""

import argparse
import asyncio
import contextlib
import datetime
import json
import multiprocessing
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import neighbours
import peers

CALM = "calm.local"
OTHER = "other.local"
PATIENCE_S = neighbours.PATIENCE_S

CALM_APP = 'export default { fetch: () => new Response("still here") };\n'
OTHER_APP = """\
const PEER = "http://127.0.0.1:PORT";
const spin = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };
const routes = {
  "/": () => "fine",
  "/hints": async () => (await fetch(`${PEER}/hints`)).text(),
  "/spin": () => { spin(60); return "spun"; },
  "/cancelled": async () => {
    for (const end = Date.now() + 500; Date.now() < end;) {
      const response = await fetch(`${PEER}/body`);
      await response.body.cancel();
    }
    return "cancelled";
  },
  "/failing": async () => {
    for (const end = Date.now() + 500; Date.now() < end;) await fetch("http://127.0.0.1:1/").catch(() => {});
    return "failed";
  },
  "/form": async (request) => {
    (await request.formData()).delete("a");
    return "deleted";
  },
  "/query": (request) => {
    const { searchParams } = new URL(request.url);
    for (const key of new Set(searchParams.keys())) searchParams.delete(key);
    return "stripped";
  },
  "/text": async (request) => `${(await request.text()).length}`,
  "/chunks": async (request) => {
    let chunks = 0;
    for await (const chunk of request.body) chunks += chunk.length > 0;
    return `${chunks}`;
  },
};
export default { fetch: async (request) => new Response(await routes[new URL(request.url).pathname](request)) };
"""


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(port, request):
    """One request on a connection of its own: the status, None without one."""
    try:
        with connect(port) as connection:
            connection.settimeout(30)
            connection.sendall(request)
            answer = connection.recv(4096)
            while connection.recv(1 << 16):
                pass
        return int(answer.split(b" ", 2)[1])
    except (OSError, ValueError, IndexError):
        return None


def request(method, path, headers="", body=b""):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {OTHER}\r\nConnection: close\r\n{length}{headers}\r\n".encode() + body


def again_and_again(count, one):
    """Runs `one` in `count` threads, for ever."""

    def loop():
        while True:
            with contextlib.suppress(OSError):
                one()

    threads = [threading.Thread(target=loop, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def asking(count, path, method="GET", headers="", body=b""):
    message = request(method, path, headers, body)
    return lambda port: again_and_again(count, lambda: exchange(port, message))


def hosts_of_control_characters(port):
    message = b"GET / HTTP/1.1\r\nHost: " + b"\xff" * 60_000 + b"\r\nConnection: close\r\n\r\n"
    again_and_again(4, lambda: exchange(port, message))


def connection_names(port):
    names = "q," * 29_000
    message = request("GET", "/", "".join(f"x-{number}: 1\r\n" for number in range(90)) + f"Connection: {names}q\r\n")
    again_and_again(4, lambda: exchange(port, message))


def one_byte_chunks(port):
    def upload():
        with connect(port) as connection:
            connection.sendall(request("POST", "/chunks", "Transfer-Encoding: chunked\r\n"))
            while True:
                connection.sendall(b"1\r\nx\r\n" * 500)

    again_and_again(50, upload)


def peer(listener, path_bytes):
    """The server that the attacker's app asks: endless informational heads, or a body that never ends."""

    def serve(connection):
        with contextlib.suppress(OSError), connection:
            head = connection.recv(4096)
            if head.startswith(b"GET /hints"):
                while True:
                    connection.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n" * 1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + path_bytes)
            connection.recv(1)

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


FORM = b"&".join(b"ab"[number % 2 : number % 2 + 1] for number in range(125_000))
FORM_TYPE = "Content-Type: application/x-www-form-urlencoded\r\n"
QUERY = "/query?" + "&".join(f"utm_{number}=1" for number in range(5000))

# Name → what a client does, given nano's port; whether nano's log is a pipe that nobody reads.
ATTACKS = {
    "nothing": (lambda _: signal.pause(), False),
    "8 fetches of endless 103 heads": (asking(8, "/hints"), False),
    "250 clients, 60 ms of CPU each": (asking(250, "/spin"), False),
    "60 KB of 0xFF as Host, an unread log": (hosts_of_control_characters, True),
    "Connection with 29,000 names": (connection_names, False),
    "fetches whose bodies are cancelled": (asking(8, "/cancelled"), False),
    "fetches that fail": (asking(8, "/failing"), False),
    "50 uploads of one-byte chunks": (one_byte_chunks, False),
    "FormData.delete of 125,000 pairs": (asking(3, "/form", "POST", FORM_TYPE, FORM), False),
    "searchParams.delete of 5,000 names": (asking(3, QUERY), False),
    "text() of 60 MB": (asking(3, "/text", "POST", "", b"x" * 60_000_000), False),
}


class Nano:
    """One nano with both apps."""

    def __init__(self, directory, programs, peer_port, unread_log):
        self.port, self.control = neighbours.free_port(), directory / "control.sock"
        for name, source in [("calm", CALM_APP), ("other", OTHER_APP.replace("PORT", str(peer_port)))]:
            (directory / name).mkdir()
            (directory / name / "index.js").write_text(source)
        apps = [
            {"name": "calm", "hostname": CALM, "path": "calm"},
            {"name": "other", "hostname": OTHER, "path": "other", "egress": [f"127.0.0.1:{peer_port}", "127.0.0.1:1"]},
        ]
        config = {
            "listen": [f"127.0.0.1:{self.port}"], "metrics": "off", "control_socket": str(self.control), "apps": apps,
        }
        (directory / "nano.json").write_text(json.dumps(config))
        self.programs = programs
        self.process = subprocess.Popen(
            [programs / "nano", "serve", "--config", "nano.json"], cwd=directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE if unread_log else subprocess.DEVNULL,
        )
        self.neighbour, self.bomber = (self.port, CALM), (self.port, OTHER)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def exits(self):
        """How often a worker of the attacked app ended."""
        command = [self.programs / "nanoctl", "--socket", self.control, "--json", "apps"]
        try:
            apps = json.loads(subprocess.run(command, capture_output=True, timeout=20, check=True).stdout)
        except (subprocess.SubprocessError, ValueError):
            return "?"
        apps = apps["apps"] if isinstance(apps, dict) else apps
        exits = next(app for app in apps if app["name"] == "other").get("worker_exits", {})
        return sum(exits.values()) if isinstance(exits, dict) else exits

    def stop(self):
        self.process.kill()
        self.process.wait()


async def serves(nano):
    """Waits until calm answers, and the other app too."""
    deadline = time.monotonic() + neighbours.START_S
    for target in [nano.neighbour, nano.bomber]:
        while True:
            with contextlib.suppress(OSError, ValueError, IndexError, asyncio.IncompleteReadError, TimeoutError):
                async with asyncio.timeout(1):
                    if await neighbours.ask(target, "/", []):
                        break
            if time.monotonic() > deadline:
                raise peers.Failed("did not start")
            await asyncio.sleep(0.05)


async def watch_memory(nano, seen):
    while True:
        seen.append(neighbours.resident(nano.process.pid))
        await asyncio.sleep(0.05)


async def run(programs, name, options):
    attack, unread_log = ATTACKS[name]
    with tempfile.TemporaryDirectory(prefix="nano-attacks-") as directory, socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        os.chmod(directory, 0o755)  # a worker of nano runs as another user
        nano = Nano(pathlib.Path(directory), programs, listener.getsockname()[1], unread_log)
        processes = [multiprocessing.Process(target=peer, args=(listener, b"x" * 100_000), daemon=True)]
        processes.append(multiprocessing.Process(target=attack, args=(nano.port,), daemon=True))
        seen = []
        try:
            processes[0].start()
            await serves(nano)
            watching = asyncio.create_task(watch_memory(nano, seen))
            await neighbours.neighbour_waits(nano, 1, options.rate)
            processes[1].start()
            cpu, start = nano.cpu_seconds(), time.monotonic()
            waits, lost = await neighbours.neighbour_waits(nano, options.seconds, options.rate)
            cpu = (nano.cpu_seconds() - cpu) / (time.monotonic() - start)
            watching.cancel()
            processes[1].kill()
            honest = await asyncio.to_thread(exchange, nano.port, request("GET", "/"))
            return {
                "p50": neighbours.percentile(waits, 50), "p99": neighbours.percentile(waits, 99), "lost": lost,
                "mb": max(seen) / 2**20, "cpu": cpu * 100, "exits": await asyncio.to_thread(nano.exits), "honest": honest,
            }
        finally:
            for process in processes:
                if process.is_alive():
                    process.kill()
            nano.stop()


def cells(result):
    if result is None:
        return ["did not start", "", "", "", "", ""]
    waits = f"{neighbours.milliseconds(result['p50'])} / {neighbours.milliseconds(result['p99'])}"
    return [waits, result["lost"], f"{result['mb']:.0f}", f"{result['cpu']:.0f}", result["exits"], result["honest"] or "none"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=pathlib.Path, metavar="DIR", help="other builds of the programs, to compare with")
    parser.add_argument("--seconds", type=float, default=10, help="of each attack")
    parser.add_argument("--rate", type=float, default=50, help="calm's requests in a second")
    parser.add_argument("--attack", action="append", default=[], metavar="TEXT", help="only attacks with TEXT in their name")
    parser.add_argument("--markdown", action="store_true", help="say when and where, above the table")
    options = parser.parse_args()
    names = [name for name in ATTACKS if not options.attack or any(part in name for part in options.attack)]
    if not names:
        sys.exit("attacks: no attack has such a name")
    builds = {"before": options.before, "now": peers.BIN} if options.before else {"": peers.BIN}
    for programs in builds.values():
        if not (programs / "nano").is_file():
            sys.exit(f"attacks: {programs / 'nano'} is not there: run `make build` first")
    if options.markdown:
        print(f"{datetime.date.today()}, {peers.machine()}; {options.rate:g} requests a second to calm for {options.seconds:g} s.\n")
    print("| attack | build | calm: p50 / p99 ms | lost | supervisor MB | CPU % | worker exits | honest request |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in names:
        for build, programs in builds.items():
            try:
                row = cells(asyncio.run(run(programs.resolve(), name, options)))
            except peers.Failed:
                row = cells(None)
            print("|", " | ".join(map(str, [name, build, *row])), "|", flush=True)


if __name__ == "__main__":
    main()
