#!/usr/bin/env python3
"""A fleet in figures: three nodes and a real etcd on this machine, with many apps.

    test/bench/fleet.py [--apps N]... [--deploys N] [--nodes N] [--bytes N] [--markdown]

For each number of apps everything is started anew, and measured are:

- how long `nanoctl fleet import` takes for all of them, and until every node serves all;
- the time from the change of an app's key in etcd, as a watch sees it, until each node has answered with the new code. Of the
  app one worker runs on each node, so a new one is started there; --deploys times, each another app;
- memory of a node with no app running: supervisor, spawner and agent, the proportional set size of each;
- etcd's size: its file, and what of it is in use;
- how long a node takes from its start until it answers for the oldest and the newest app: with its state directory and etcd,
  with its state directory alone, and with etcd alone, when it has all to fetch.

Each app has code of its own (--bytes of it), so each is a bundle of its own. nano is the release build, or NANO_BIN_DIR.
Needed: etcd and etcdctl (Debian's etcd-server and etcd-client).
"""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("NANO_BIN_DIR", ROOT / "target" / "release"))
NANOCTL = BINARIES / "nanoctl"
PREFIX = "/nano/bench"
PATIENCE_S = 900


def note(text):
    print(f"fleet: {text}", file=sys.stderr)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def until(what, condition, every=0.005, patience=PATIENCE_S):
    """The first value of the condition that is true."""
    end = time.perf_counter() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.perf_counter() > end:
            raise SystemExit(f"waited {patience} s in vain: {what}")
        time.sleep(every)


def ask(port, path="/", host="localhost"):
    """Status and body; the status is 0 if there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def host(number):
    return f"app{number:06}.local"


def code(number, word, size):
    text = f"// {number}\nexport default {{ fetch: () => new Response({json.dumps(word)}) }};\n"
    return text + "//" + "x" * max(0, size - len(text) - 2)


class Etcd:
    """One member, with its data in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.client, self.peer = free_ports(2)
        self.endpoint = f"http://127.0.0.1:{self.client}"
        self.process = None
        self.start()

    def start(self):
        peer = f"http://127.0.0.1:{self.peer}"
        self.process = subprocess.Popen(
            [
                "etcd", "--data-dir", self.folder, "--listen-client-urls", self.endpoint, "--advertise-client-urls", self.endpoint,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        until("etcd", lambda: self.ctl("get", "nothing").returncode == 0, 0.1)

    def ctl(self, *arguments):
        environment = {**os.environ, "ETCDCTL_API": "3"}
        command = ["etcdctl", "--endpoints", self.endpoint, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    def watch(self):
        """Changes of apps: (time, the app's name) for each, in a list that grows."""
        seen = []
        environment = {**os.environ, "ETCDCTL_API": "3"}
        command = ["etcdctl", "--endpoints", self.endpoint, "watch", "--prefix", f"{PREFIX}/apps/"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

        def read():
            for line in process.stdout:
                if line.startswith(f"{PREFIX}/apps/"):
                    seen.append((time.perf_counter(), line.strip().rpartition("/")[2]))

        threading.Thread(target=read, daemon=True).start()
        return process, seen

    def size(self):
        """Bytes of its file, and of what is in use."""
        status = json.loads(self.ctl("endpoint", "status", "-w", "json").stdout)[0]["Status"]
        return status["dbSize"], status.get("dbSizeInUse", status["dbSize"])

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Node:
    """A nano; its state directory stays when it ends."""

    def __init__(self, folder, name, etcd):
        self.folder, self.name = folder / name, name
        self.folder.mkdir()
        self.port, self.metrics = free_ports(2)
        fleet = {"endpoints": [etcd.endpoint], "node": name, "prefix": PREFIX}
        config = {
            "listen": [f"127.0.0.1:{self.port}"], "metrics": f"127.0.0.1:{self.metrics}", "control_socket": "nano.sock",
            "state_dir": "state", "log": {"access": False}, "fleet": fleet,
        }
        (self.folder / "nano.json").write_text(json.dumps(config))
        self.process = None

    def start(self):
        command = [BINARIES / "nano", "serve", "--config", "nano.json"]
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def gauge(self, name):
        for line in ask(self.metrics, "/metrics")[1].splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        return None

    def serves(self, app, word):
        return ask(self.port, "/", app) == (200, word)

    def processes(self):
        """Kind → process ids."""
        parents = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    stat = (entry / "stat").read_text()
                    parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
        kinds, todo = {}, [self.process.pid]
        while todo:
            pid = todo.pop()
            todo += parents.get(pid, [])
            with contextlib.suppress(OSError):
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
                kind = "agent" if words[0].endswith("nano-fleet") else "worker" if "worker" in words[0] else "nano"
                kinds.setdefault(kind, []).append(pid)
        return kinds


def memory(pids):
    """Proportional set size in bytes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def nanoctl(etcd, *arguments):
    command = [NANOCTL, *arguments, "--endpoints", etcd.endpoint, "--prefix", PREFIX]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def fill(etcd, nodes, folder, count, size):
    """Imports so many apps; seconds for the import, and until all nodes serve them."""
    table = {"apps": [{"hostname": host(number), "name": host(number), "path": f"apps/{number}"} for number in range(count)]}
    for number in range(count):
        app = folder / "all" / "apps" / str(number)
        app.mkdir(parents=True)
        (app / "index.js").write_text(code(number, "first", size))
    (folder / "all" / "nano.json").write_text(json.dumps(table))
    begun = time.perf_counter()
    nanoctl(etcd, "fleet", "import", str(folder / "all"))
    imported = time.perf_counter() - begun
    for node in nodes:
        until("all apps", lambda: node.gauge('nano_fleet_apps{state="ready"}') == count, 0.05)
    return imported, time.perf_counter() - begun


def deploy(etcd, nodes, folder, watched, number, size):
    """Deploys one app; seconds from the change of its key until each node has answered with the new code, and of the whole command."""
    app = host(number)
    for node in nodes:
        until(app, lambda: node.serves(app, "first"))
    directory = folder / "code"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    (directory / "index.js").write_text(code(number, "second", size))
    served = {}

    def look(node):
        until(f"{app} on {node.name}", lambda: node.serves(app, "second"), 0.002)
        served[node.name] = time.perf_counter()

    threads = [threading.Thread(target=look, args=(node,), daemon=True) for node in nodes]
    for thread in threads:
        thread.start()
    begun = time.perf_counter()
    nanoctl(etcd, "deploy", str(directory), "--app", app)
    whole = time.perf_counter() - begun
    for thread in threads:
        thread.join()
    changed = until("the watch", lambda: next((at for at, name in watched if name == app and at > begun), None))
    return max(served.values()) - changed, whole


def start_of(node, count, word="first"):
    """Seconds from its start until it answers for the oldest and the newest app."""
    begun = time.perf_counter()
    node.start()
    for number in (0, count - 1):
        until(host(number), lambda: node.serves(host(number), word))
    return time.perf_counter() - begun


def measure(count, options):
    """The figures for so many apps, by their names."""
    row = {"apps": count}
    with tempfile.TemporaryDirectory(prefix="nano-fleet-") as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        # As root nano becomes another user, who is to reach its state directory.
        folder.chmod(0o755)
        etcd = Etcd(folder / "etcd")
        stack.callback(etcd.stop)
        nodes = [Node(folder, f"node{number}", etcd) for number in range(options.nodes)]
        for node in nodes:
            node.start()
            stack.callback(node.stop)
        for node in nodes:
            until("a connection", lambda: node.gauge("nano_fleet_connected") == 1)
        row["import"], row["everywhere"] = fill(etcd, nodes, folder, count, options.bytes)
        note(f"{count} apps: imported in {row['import']:.1f} s, served everywhere after {row['everywhere']:.1f} s")
        row["etcd"], row["etcd_used"] = etcd.size()
        kinds = nodes[0].processes()
        row["nano"], row["agent"] = memory(kinds["nano"]), memory(kinds["agent"])
        process, watched = etcd.watch()
        stack.callback(process.terminate)
        # The watch is there before the first change.
        until("the watch", lambda: (etcd.ctl("put", f"{PREFIX}/apps/.", "x"), watched)[1], 0.05)
        etcd.ctl("del", f"{PREFIX}/apps/.")
        # The oldest and the newest are asked at starts.
        numbers = random.sample(range(1, count - 1), min(options.deploys, count - 2)) if count > 2 else []
        times, wholes = [], []
        for number in numbers:
            taken, whole = deploy(etcd, nodes, folder, watched, number, options.bytes)
            times.append(taken)
            wholes.append(whole)
        if times:
            row["p50"], row["p99"], row["command"] = percentile(times, 0.5), percentile(times, 0.99), percentile(wholes, 0.5)
            note(f"{count} apps: a deployment p50 {row['p50']:.3f} s, p99 {row['p99']:.3f} s, the command {row['command']:.3f} s")
        row["agent_after"] = memory(nodes[0].processes()["agent"])
        last = nodes[-1]
        last.stop()
        row["start_both"] = start_of(last, count)
        last.stop()
        shutil.rmtree(last.folder / "state")
        row["start_etcd"] = start_of(last, count)
        until("all apps", lambda: last.gauge('nano_fleet_apps{state="ready"}') == count, 0.05)
        last.stop()
        etcd.stop()
        row["start_state"] = start_of(last, count)
        note(f"{count} apps: {json.dumps(row)}")
    return row


def markdown(rows, options):
    mib = 1 << 20
    lines = [
        ("all apps imported", lambda row: f"{row['import']:.1f} s"),
        ("and served by every node", lambda row: f"{row['everywhere']:.1f} s"),
        ("from the key's change to new code on every node, p50", lambda row: f"{row['p50'] * 1000:.0f} ms"),
        ("the same, p99", lambda row: f"{row['p99'] * 1000:.0f} ms"),
        ("`nanoctl deploy` as a whole, p50", lambda row: f"{row['command'] * 1000:.0f} ms"),
        ("memory of supervisor and spawner", lambda row: f"{row['nano'] / mib:.0f} MiB"),
        ("memory of the agent, after the import", lambda row: f"{row['agent'] / mib:.0f} MiB"),
        ("etcd's file / in use", lambda row: f"{row['etcd'] / mib:.1f} / {row['etcd_used'] / mib:.1f} MiB"),
        ("start of a node, with its state directory and etcd", lambda row: f"{row['start_both']:.2f} s"),
        ("with its state directory, without etcd", lambda row: f"{row['start_state']:.2f} s"),
        ("with etcd, without its state directory", lambda row: f"{row['start_etcd']:.2f} s"),
    ]
    print("| | " + " | ".join(f"{row['apps']} apps" for row in rows) + " |")
    print("|---" * (len(rows) + 1) + "|")
    for name, cell in lines:
        cells = []
        for row in rows:
            try:
                cells.append(cell(row))
            except KeyError:
                cells.append("")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\n{datetime.date.today()}, {os.cpu_count()} CPUs; {options.nodes} nodes and etcd on one machine; {options.bytes} bytes of code each.")


def main():
    parser = argparse.ArgumentParser(description="A fleet in figures.")
    parser.add_argument("--apps", type=int, action="append", metavar="N", help="default: 10, 100 and 1000")
    parser.add_argument("--deploys", type=int, default=100, metavar="N")
    parser.add_argument("--nodes", type=int, default=3, metavar="N")
    parser.add_argument("--bytes", type=int, default=2048, metavar="N")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    for program in ("nano", "nanoctl", "nano-fleet", "nano-worker"):
        if not (BINARIES / program).is_file():
            raise SystemExit(f"{BINARIES / program} is not there: make build")
    rows = [measure(count, options) for count in options.apps or [10, 100, 1000]]
    if options.markdown:
        markdown(rows, options)
    else:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
