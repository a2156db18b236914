#!/usr/bin/env python3
"""What each list-like web API costs against the size of what it works on: `docs/web-api-costs.md`.

    test/bench/web_apis.py [--write] [--node] [--least MS] [PATTERN...]

Runs the jobs of test/bench/web_apis/costs.js on `nano-worker run`, each in a process of its own, whose CPU time counts, less
that of a process without a job: other programs on the machine hardly show in that. N is doubled until a job
takes long enough to be judged (--least, 200 ms), and fits the exponent of its growth: 1.0 is linear, 2.0 quadratic. With
--write the page in docs/ is made anew; PATTERNs are parts of jobs' names; --node runs node instead, for comparison.
Takes the release build (or NANO_BIN_DIR). Exit status 1 where a job's exponent is 1.5 or more at the sizes that count.
"""

import argparse
import json
import math
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("NANO_BIN_DIR") or ROOT / "target" / "release")
COSTS = ROOT / "test/bench/web_apis/costs.js"
PAGE = ROOT / "docs/web-api-costs.md"
FIRST, LARGEST = 1000, 1_024_000
TIMEOUT_S = 60
ROUNDS = 3

ABOUT = """# What the web APIs cost

One line for each thing that apps do with a list-like API: the milliseconds of CPU for N, 2N and 4N, the largest sizes that were
run, what they need to be set up included, and the exponent of the growth (1.0: linear, 2.0: quadratic; with sorting, garbage and small sizes anything to 1.4 is
linear). An app that hands a client's input to one of these spends time in proportion to the input, and not to its square.
Made by `test/bench/web_apis.py --write`; the milliseconds are those of one machine and of {build}, the exponents are the point. `test/web/lists` holds the same jobs to sizes at which a quadratic one would not end.

| what | N | N: ms | 2N: ms | 4N: ms | exponent |
|---|---:|---:|---:|---:|---:|
"""


def run(command, name, size):
    """Milliseconds of CPU of one run; None where it took too long, or ran out of memory."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "job.mjs"
        job = pathlib.Path(folder) / "costs.mjs"
        job.write_text(COSTS.read_text(encoding="utf-8"), encoding="utf-8")
        wanted = f"globalThis.job = {json.dumps([name, size])};\n" if name is not None else ""
        script.write_text(f"{wanted}await import('./costs.mjs');\n", encoding="utf-8")
        before = cpu_of_children()
        try:
            done = subprocess.run([*command, str(script)], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return None
    if name is None:
        return json.loads(done.stdout)
    took = [line for line in done.stderr.splitlines() if line.startswith("took ")]
    if done.returncode != 0 or not took:
        return done.stderr.strip().splitlines()[-1:] or f"exit {done.returncode}"
    return max(cpu_of_children() - before, 0.1)


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000


def best(command, name, size, rounds, idle):
    times = []
    for _ in range(rounds):
        took = run(command, name, size)
        if not isinstance(took, float):
            return took
        times.append(max(took - idle, 0.1))
        if took > 1000:
            break
    return min(times)


def measure(command, name, least, idle):
    """[(size, ms)…] of the sizes that were run, and why it ended, or None."""
    results = []
    size = FIRST
    while size <= LARGEST:
        took = best(command, name, size, 1 if not results or results[-1][1] < least / 8 else ROUNDS, idle)
        if not isinstance(took, float):
            return results, f"over {TIMEOUT_S} s" if took is None else str(took)
        results.append((size, took))
        if took >= least and len(results) >= 3:
            break
        size *= 2
    return results, None


def exponent(results):
    last = results[-3:]
    if len(last) < 3 or last[0][1] <= 0:
        return math.nan
    return math.log2(last[2][1] / last[0][1]) / 2


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("patterns", nargs="*", metavar="PATTERN")
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--node", action="store_true")
    arguments.add_argument("--least", type=float, default=200)
    options = arguments.parse_args()
    command = ["node"] if options.node else [str(BIN / "nano-worker"), "run"]
    names = run(command, None, 0)
    # A job of nothing: the start of a process, and what reads the jobs.
    idle = min(run(command, "base64: there and back", 0) for _ in range(5))
    rows = []
    steep = []
    for name in names:
        if options.patterns and not any(part in name for part in options.patterns):
            continue
        results, ended = measure(command, name, options.least, idle)
        growth = exponent(results)
        if ended is not None or (growth >= 1.5 and results[-1][1] >= options.least / 4):
            steep.append(name)
        cells = [f"{ms:.1f}" if ms < 100 else f"{ms:.0f}" for _, ms in results[-3:]]
        cells += ["–"] * (3 - len(cells))
        size = results[-3:][0][0] if results else 0
        shown = f"{growth:.1f}" + (f" ({ended})" if ended else "")
        rows.append(f"| {name} | {size:,} | {' | '.join(cells)} | {shown} |")
        print(rows[-1], flush=True)
    if options.write:
        PAGE.write_text(ABOUT.replace("{build}", "the release build" if BIN.name == "release" else "a debug build") + "\n".join(rows) + "\n", encoding="utf-8")
    if steep:
        print("steeper than linear, or did not end:", *steep, sep="\n  ", file=sys.stderr)
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main())
