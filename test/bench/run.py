#!/usr/bin/env python3
"""Benchmarks that need whole processes: `make bench` runs them after the codec's.

    test/bench/run.py [--rounds N] [--only start|streams]

  start    time from spawning a worker to Ready, as the supervisor's own histogram has it, and `nano run` of an empty script
           beside `node` of the same
  streams  the scripts of test/bench/streams (*.js), run by `nano run` and by `node` in turn; each prints a line per row,
           its name and so many chunks/s; the best of N rounds counts, and the ratio is printed

Takes the release build (or NANO_BIN_DIR). Without node, nano's numbers stand alone. Numbers of one run are comparable, those
of two machines are not.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("NANO_BIN_DIR") or ROOT / "target" / "release")
TIMEOUT_S = 600


def fail(text):
    print(f"bench: {text}", file=sys.stderr)
    sys.exit(1)


def runners():
    """Name → command line of each program that runs a script; nano first."""
    found = {"nano": [str(BIN / "nano"), "run"]}
    if node := shutil.which("node"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        found[f"node {version.lstrip('v')}"] = [node]
    else:
        print("node is not installed: nano alone")
    return found


def table(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))))


def run(command, file):
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        fail(f"{' '.join(command)} {file} exited with {done.returncode}:\n{done.stderr}")
    return done.stdout


def streams(rounds):
    files = sorted((ROOT / "test" / "bench" / "streams").glob("*.js"))
    if not files:
        fail("test/bench/streams holds no benchmark")
    programs = runners()
    best = {}
    for file in files:
        for _ in range(rounds):
            for program, command in programs.items():  # in turn, so that a busy moment hits all alike
                for name, number in re.findall(r"^(.+?) +(\d+) chunks/s$", run(command, file), re.M):
                    row = best.setdefault(name, {})
                    row[program] = max(row.get(program, 0), int(number))
    if not best:
        fail("no script printed a row")
    head = ["chunks/s", *programs]
    others = [program for program in programs if program != "nano"]
    head += [f"nano / {program}" for program in others]
    rows = []
    for name, row in best.items():
        numbers = [f"{row[program]:,.0f}" if program in row else "-" for program in programs]
        ratios = [f"{row['nano'] / row[other]:.2f}" if other in row and "nano" in row else "-" for other in others]
        rows.append([name, *numbers, *ratios])
    table(head, rows)


def start(rounds):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        script = folder / "empty.mjs"
        script.write_text("")
        rows = []
        for program, command in runners().items():
            run(command, script)
            times = []
            for _ in range(15 * rounds):
                before = time.perf_counter()
                run(command, script)
                times.append((time.perf_counter() - before) * 1000)
            rows.append([f"{program}: an empty script, whole process", f"{statistics.median(times):.1f}", f"{min(times):.1f}"])

        (folder / "app").mkdir()
        (folder / "app" / "index.js").write_text("export default { fetch: () => new Response('hi') };")
        config = {
            "listen": ["unix:" + str(folder / "http.sock")],
            "metrics": "127.0.0.1:0",
            "control_socket": str(folder / "control.sock"),
            "apps": [{"name": "a", "hostname": "*", "path": "app"}],
        }
        (folder / "nano.json").write_text(json.dumps(config))
        supervisor = subprocess.Popen(
            [str(BIN / "nano"), "serve", "--config", "nano.json"], cwd=folder, stderr=subprocess.PIPE, text=True
        )
        try:
            address = None
            for line in supervisor.stderr:
                record = json.loads(line) if line.startswith("{") else {}
                if record.get("message") == "metrics listening":
                    address = record["address"]
                    break
            if address is None:
                fail("nano serve ended at its start")
            deadline = time.monotonic() + 30
            while not ready(address):
                if time.monotonic() > deadline:
                    fail("nano serve was not ready within 30 s")
                time.sleep(0.02)
            starts = [histogram(address)[1]]
            for _ in range(15 * rounds):
                before = histogram(address)
                ctl = [str(BIN / "nanoctl"), "--socket", config["control_socket"], "restart", "a"]
                subprocess.run(ctl, check=True, capture_output=True, timeout=TIMEOUT_S)
                after = histogram(address)
                if after[0] > before[0]:
                    starts.append((after[1] - before[1]) / (after[0] - before[0]))
            rows.append(["nano: a worker, from spawn to Ready", f"{statistics.median(starts) * 1000:.1f}", f"{min(starts) * 1000:.1f}"])
        finally:
            supervisor.terminate()
            supervisor.stderr.close()
            supervisor.wait(timeout=60)
    table(["milliseconds", "median", "best"], rows)


def ready(address):
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def histogram(address):
    """Count and sum of the start-up histogram."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as response:
        text = response.read().decode()
    value = lambda part: float(re.search(rf"^nano_worker_start_duration_seconds_{part}\S* (\S+)$", text, re.M).group(1))
    return value("count"), value("sum")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=["start", "streams"])
    arguments = parser.parse_args()
    for program in ("nano", "nano-worker", "nanoctl"):
        if not (BIN / program).is_file():
            fail(f"{BIN / program} is not there: run `make build` first")
    if arguments.only != "streams":
        start(arguments.rounds)
        print()
    if arguments.only != "start":
        streams(arguments.rounds)


if __name__ == "__main__":
    main()
