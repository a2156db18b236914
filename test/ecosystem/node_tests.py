#!/usr/bin/env python3
"""Runs Node.js's own tests of the modules that nano has, from a checkout of Node.js, and counts those that pass.

Usage: node_tests.py CHECKOUT [--write] [--show] [NAME...]

CHECKOUT has test/parallel. NAME: of an area, or of a single test. --show prints why tests fail. --write puts the counts into
docs/node.md, and the names of those that pass into node_tests.txt beside this file; without it, those that are listed there and
fail are printed, and the exit code is 1 if there are any.

Tests are left out, and counted as such, that need what an app does not have: processes, sockets, files, workers, other contexts,
and Node.js's insides. Nothing of Node.js is in this repository.
"""

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORKER = [str(ROOT / "target/debug/nano-worker"), "run", "--compatibility-flag", "nodejs_compat"]
PASSED = HERE / "node_tests.txt"
DOCS = ROOT / "docs/node.md"
BEGIN, END = "<!-- node tests -->\n", "<!-- end of node tests -->"
SECONDS = 20

AREAS = {
    "stream": r"streams?[-2]|streams?\.|readable-|writable-|duplex-",
    "buffer": r"buffer",
    "events": r"event-emitter|events",
    "util": r"util",
    "path": r"path",
    "querystring": r"querystring",
    "string_decoder": r"string-decoder",
    "async_hooks": r"async-hooks|async-local|als",
    "url": r"url|whatwg-url",
    "assert": r"assert",
    "zlib": r"zlib",
}

# What an app does not have.
OUTSIDE = re.compile(
    r"""require\(['"](?:node:)?(child_process|cluster|crypto|dgram|dns|domain|fs|fs/promises|http|http2|https|inspector|net|readline|repl"""
    r"""|tls|trace_events|v8|vm|worker_threads|internal/[^'"]*|\.\./common/[^'"]*|\.\./[^c][^'"]*|\./[^'"]*)['"]\)"""
    r"""|process\.binding\(|internalBinding|%\w+\(|process\.(?:exit|abort|kill|chdir)\(|uncaughtException|spawnPromisified|setUncaughtException"""
    r"""|^// Flags:.*(?:expose|allow-natives|experimental|pending|icu|stack-size|max-old)""",
    re.MULTILINE,
)


def run(path, folder):
    text = path.read_text()
    if OUTSIDE.search(text):
        return "outside", ""
    text = re.sub(r"^#!.*", "", text)
    script = folder / f"{path.stem}.mjs"
    # Scripts of CommonJS: a function gets what they find in their scope.
    script.write_text(
        'import { run } from "./node_test_support.mjs";\n'
        f"run('{path.name}', function (exports, require, module, __filename, __dirname) {{{text}\n}});\n"
    )
    try:
        done = subprocess.run([*WORKER, str(script)], capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "failed", "it did not end"
    if done.stdout.startswith("SKIPPED"):
        return "outside", done.stdout
    return ("passed" if done.returncode == 0 else "failed"), done.stderr[-1500:]


def area_of(name):
    return next((area for area, pattern in AREAS.items() if re.match(rf"test-(?:{pattern})", name)), None)


def write(counts, passed):
    PASSED.write_text("".join(f"{name}\n" for name in sorted(passed)))
    rows = "".join(f"| {area} | {ok} | {ok + bad} | {outside} |\n" for area, (ok, bad, outside) in counts.items())
    table = f"| tests of | pass | of | left out |\n|---|---|---|---|\n{rows}"
    text = DOCS.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    DOCS.write_text(text[:start] + table + text[end:])


def main():
    flags = {each for each in sys.argv[1:] if each.startswith("--")}
    checkout, *names = [each for each in sys.argv[1:] if not each.startswith("--")]
    tests = [path for path in sorted((Path(checkout) / "test/parallel").glob("test-*.js")) if area_of(path.name)]
    if names:
        tests = [path for path in tests if area_of(path.name) in names or path.stem in names]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        folder = Path(folder)
        (folder / "node_test_support.mjs").write_text((HERE / "node_test_support.mjs").read_text())
        results = list(pool.map(lambda path: run(path, folder), tests))
    counts = {}
    passed = set()
    for path, (outcome, why) in zip(tests, results):
        count = counts.setdefault(area_of(path.name), [0, 0, 0])
        count[("passed", "failed", "outside").index(outcome)] += 1
        if outcome == "passed":
            passed.add(path.stem)
        elif outcome == "failed" and "--show" in flags:
            print(f"== {path.stem}\n{why}")
    for area, (ok, bad, outside) in counts.items():
        print(f"{area}: {ok} of {ok + bad} pass, {outside} are left out")
    if "--write" in flags:
        write(counts, passed)
        return
    known = set(PASSED.read_text().split()) if PASSED.exists() else set()
    lost = sorted(known & {path.stem for path in tests} - passed)
    for name in lost:
        print(f"{name} passed before, and fails")
    sys.exit(1 if lost else 0)


main()
