#!/usr/bin/env python3
"""Compares the order of events of node:stream with that of Node.js 22, case by case (stream_events.mjs).

Usage: stream_order.py [--write] [NODE [CASES]]. Prints the first cases that differ, and exits with 1 if any does.
--write puts what NODE prints into stream_events.txt, which a test compares with (test/tests/node_streams.rs).
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPT = str(HERE / "stream_events.mjs")
WORKER = [str(HERE.parent.parent / "target/debug/nano-worker"), "run", "--compatibility-flag", "nodejs_compat"]
SHOWN = 5


def lines(command, *arguments):
    done = subprocess.run([*command, SCRIPT, *arguments], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout.splitlines()


def show(node, cases, number):
    events = [lines(command, cases, number)[0].split(" | ") for command in (node, WORKER)]
    pairs = zip(*events)
    at = next((at for at, (one, other) in enumerate(pairs) if one != other), min(map(len, events)))
    print(f"{number}: from event {at} on")
    for name, own in zip(("node", "nano"), events):
        print(f"  {name}: {' | '.join(own[at:at + 6])}")


def main():
    arguments = [each for each in sys.argv[1:] if each != "--write"]
    node = [arguments[0] if arguments else "node", "--no-warnings"]
    cases = arguments[1] if len(arguments) > 1 else "600"
    theirs = lines(node, cases)
    if "--write" in sys.argv:
        (HERE / "stream_events.txt").write_text("\n".join(theirs) + "\n")
    differing = [one for one, other in zip(theirs, lines(WORKER, cases)) if one != other]
    for line in differing[:SHOWN]:
        show(node, cases, line.split()[0])
    print(f"{len(theirs) - len(differing)} of {len(theirs)} cases have the same order of events")
    sys.exit(1 if differing else 0)


main()
