#!/usr/bin/env python3
"""The race: nano beside what people run instead, in one run, in turns.

    test/bench/race.py [--quick] [--rounds N] [--row TEXT]... [--only NAME]... [--offline] [--write]

Contestants: nano (the release build, or NANO_BIN_DIR), nginx in front of a node process for each app, workerd with a router in
front of its apps. References, which find no app by its host and have nothing in front: node, deno and bun with one app. All but
nginx come from npm in the versions that peers.py pins; nginx, wrk and curl come from Debian, and are installed by root where they
are missing. A contestant that cannot be had or does not start is left out, and said to be.

A round measures each row with each contestant in turn, so a busy moment of the machine hits all alike. Printed are the median
and, in brackets, the best of the rounds, and nano's ratio to the best of the contestants (not the references): the median of the
ratios within a round. CPU time stands beside wall time. Numbers of one run are comparable, those of two machines are not.

--quick takes two short rounds of the rows that a change at hand moves most. --write makes docs/performance.md of the result.
"""

import argparse
import datetime
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import peers
from contest import contestants, meters
from contest.contestants import host
from peers import Failed

PAGE = peers.ROOT / "docs" / "performance.md"
TOOLS = {"nginx": "nginx-light", "wrk": "wrk", "curl": "curl"}
CONTESTANTS = ["nano", "nginx + node", "workerd"]
REFERENCES = ["node", "deno", "bun"]
KINDS = {
    "nano": contestants.Nano, "nginx + node": contestants.NginxAndNode, "workerd": contestants.Workerd,
    "node": contestants.Node, "deno": contestants.Deno, "bun": contestants.Bun,
}
CONNECTIONS = 64
SETTLE_S = 2
STREAM_ROWS = [
    "write, awaited, 1 KiB bytes", "write, with ready, 1 KiB bytes", "write, with ready, high-water mark 16",
    "write, awaited, 1 KiB non-ASCII", "pipe through a transform, 1 KiB bytes",
]

ABOUT = """\
# Performance

`make bench` wrote this page: `test/bench/race.py` says what is measured and how. Each cell is the median of {rounds} rounds and, in \
brackets, the best of them; the last column is nano's ratio to the best contestant, the median of the ratios within a round. \
Where less is better, a ratio below 1 is nano's advantage. ‡ one app with nothing in front: references, no contestants.

{day}, {machine}; {versions}.

"""


class Row:
    """A number of a contestant. `measure(start, apps, seconds)` returns one number for each of `names`."""

    def __init__(self, names, measure, apps, quick=False):
        self.names, self.measure, self.apps, self.quick = names, measure, apps, quick


def hello(start, apps, seconds):
    with start(apps) as contestant:
        ask_all(contestant)
        meters.load(contestant, CONNECTIONS, 1, contestant.apps)
        return meters.load(contestant, CONNECTIONS, seconds, contestant.apps)


def first_answer(start, apps, _seconds):
    with start(apps) as contestant:
        return [contestant.took * 1000]


def memory(start, apps, _seconds):
    with start(apps) as contestant:
        ask_all(contestant)
        time.sleep(SETTLE_S)
        return [each / contestant.apps for each in meters.memory_mib(contestant.pids())]


def thousand_untouched(start, apps, _seconds):
    """Seconds to the first answer, MiB in all, milliseconds of the first request to another app, idle CPU in percent."""
    with start(apps) as contestant:
        time.sleep(SETTLE_S)
        begun = time.perf_counter()
        contestant.ask(host(apps // 2), begun + 30)
        cold = time.perf_counter() - begun
        time.sleep(SETTLE_S)
        before, begun = meters.cpu_seconds(contestant.pids()), time.perf_counter()
        time.sleep(SETTLE_S * 2)
        idle = (meters.cpu_seconds(contestant.pids()) - before) / (time.perf_counter() - begun)
        pss, tables = meters.memory_mib(contestant.pids())
        return [contestant.took, pss + tables, cold * 1000, idle * 100]


def thousand_asked(start, apps, seconds):
    with start(apps) as contestant:
        ask_all(contestant)
        rate, _, p99 = meters.load(contestant, CONNECTIONS, seconds, apps)
        return [rate, p99]


def body(path, mib, upload):
    def measure(start, apps, _seconds):
        with start(apps) as contestant, tempfile.NamedTemporaryFile() as file:
            if upload:
                file.truncate(mib << 20)
            return [meters.transfer(contestant, path, mib, file.name if upload else None)]

    return measure


def ask_all(contestant):
    for number in range(contestant.apps):
        contestant.ask(host(number), time.perf_counter() + 60)


# Names end with `less` where less is better.
ROWS = [
    Row(["requests/s, 8 hosts, 64 connections", "CPU s for 10,000 requests: less", "p99 ms: less"], hello, 8, quick=True),
    Row(["start to first 200, ms: less"], first_answer, 1, quick=True),
    Row(["PSS of an app, of 100, MiB: less", "page tables of an app, MiB: less"], memory, 100),
    Row(
        ["1000 apps: ready, s: less", "1000 apps untouched, MiB: less", "first request to an app, ms: less", "1000 apps idle, % CPU: less"],
        thousand_untouched, 1000,
    ),
    Row(["1000 apps, 64 connections: requests/s", "1000 apps, 64 connections: p99 ms: less"], thousand_asked, 1000),
    Row(["echo of 256 MiB, MiB/s"], body("/echo", 256, True), 1, quick=True),
    Row(["upload of 256 MiB, MiB/s"], body("/upload", 256, True), 1),
    Row(["download of 1 GiB, MiB/s"], body("/download?mib=1024", 1024, False), 1, quick=True),
]


class Started:
    """A contestant for the time of a `with`, in a directory of its own."""

    def __init__(self, kind, program, apps):
        self.folder = tempfile.TemporaryDirectory(prefix="nano-race-")
        # nano's workers and nginx's run as other users.
        os.chmod(self.folder.name, 0o755)
        self.contestant = kind(program, self.folder.name, min(apps, kind.most_apps))

    def __enter__(self):
        try:
            self.contestant.took = self.contestant.start()
        except Failed:
            self.__exit__()
            raise
        return self.contestant

    def __exit__(self, *_):
        self.contestant.stop()
        self.folder.cleanup()


def note(text):
    print(f"race: {text}", file=sys.stderr)


def tool(name):
    """The program's path, installed if it may be; None if it is not to be had."""
    # nginx is where only root looks.
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
        note(f"installing {TOOLS[name]}")
        command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", TOOLS[name]]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0:
            path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return path


def programs(names, offline):
    """Name → what its kind takes as program, of those that are to be had."""
    found = {}
    if "nano" in names:
        found["nano"] = peers.BIN / "nano"
    wanted = [name for name in peers.PINNED if name in names or (name == "node" and "nginx + node" in names)]
    installed = peers.present(wanted, offline)
    found |= {name: program for name, program in installed.items() if name in names}
    if "nginx + node" in names:
        nginx = tool("nginx")
        if nginx and "node" in installed:
            found["nginx + node"] = (nginx, installed["node"])
        else:
            note("nginx + node left out: one of them is not installed")
    return {name: found[name] for name in CONTESTANTS + REFERENCES if name in found}


def takes_part(name, row):
    """Whether a contestant can have so many apps. References take part with one."""
    return row.apps <= KINDS[name].most_apps or (name in REFERENCES and row.apps <= 8)


def race(found, rows, rounds, seconds):
    """Row's name → contestant → numbers, one a round. One that fails in a row is left out of the rest of that row."""
    results = {name: {each: [] for each in found} for row in rows for name in row.names}
    for turn in range(rounds):
        for row in rows:
            for name, program in found.items():
                if not takes_part(name, row) or len(results[row.names[0]][name]) < turn:
                    continue
                kind = KINDS[name]
                try:
                    numbers = row.measure(lambda apps, kind=kind, program=program: Started(kind, program, apps), row.apps, seconds)
                except Failed as error:
                    note(f"{name}, {row.names[0]}: {error}")
                    continue
                for each, number in zip(row.names, numbers):
                    results[each][name].append(number)
        note(f"round {turn + 1} of {rounds} done")
    return results


def streams(found, rounds, offline):
    """The rows of streams that are raced, as those of `race`, in million chunks a second."""
    names = [name for name in found if name in ["nano", *peers.PINNED]]
    with tempfile.TemporaryDirectory(prefix="nano-race-") as folder:
        directory = pathlib.Path(folder)
        shutil.copy(peers.ROWS, directory)
        runtimes = peers.runtimes(names, directory, offline)
        measured = peers.measure_all(runtimes, STREAM_ROWS, rounds)
    plain = {heading: heading.split()[0] for heading in runtimes}
    return {
        f"{row}, million chunks/s": {plain[heading]: [number / 1e6 for number in numbers] for heading, numbers in by.items()}
        for row, by in measured.items()
    }


def text(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def cell(numbers, less):
    if not numbers:
        return "–"
    return f"{text(statistics.median(numbers))} ({text(min(numbers) if less else max(numbers))})"


def ratio(by, row, less):
    """nano to the best of the others: contestants where there are apps, the runtimes themselves in rows of streams."""
    others = [name for name in by if name != "nano" and by[name]]
    if not row.endswith("chunks/s"):
        others = [name for name in others if name in CONTESTANTS]
    if not by.get("nano") or not others:
        return "–"
    best = (min if less else max)(others, key=lambda name: statistics.median(by[name]))
    ratios = [own / other for own, other in zip(by["nano"], by[best]) if other]
    return f"{statistics.median(ratios):.2f} × {best}" if ratios else "–"


def table(found, results):
    names = list(found)
    lines = [["", *(f"{name} ‡" if name in REFERENCES else name for name in names), "nano to the best"]]
    lines.append(["---", *(["---:"] * (len(names) + 1))])
    for row, by in results.items():
        less = row.endswith(": less")
        title = f"{row.removesuffix(': less')}{' ↓' if less else ''}"
        lines.append([title, *(cell(by.get(name), less) for name in names), ratio(by, row, less)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def versions(found):
    texts = [subprocess.run([str(peers.BIN / "nano"), "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]]
    texts += [f"{name} {version}" for name, (version, *_) in peers.PINNED.items() if any(name in each for each in found)]
    if "nginx + node" in found:
        texts.append(subprocess.run([found["nginx + node"][0], "-v"], capture_output=True, text=True, check=True).stderr.strip().split(": ")[1])
    return ", ".join(texts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short rounds of the rows that move most")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--row", action="append", default=[], metavar="TEXT", help="only rows whose name has TEXT in it")
    parser.add_argument("--only", action="append", choices=list(KINDS), help="only these")
    parser.add_argument("--offline", action="store_true", help="use what is installed, install nothing")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    if not (peers.BIN / "nano").is_file():
        sys.exit(f"race: {peers.BIN / 'nano'} is not there: run `make build` first")
    rounds, seconds = options.rounds or (2 if options.quick else 7), 2 if options.quick else 4
    rows = [row for row in ROWS if row.quick or not options.quick]
    if options.row:
        rows = [row for row in rows if any(part in name for part in options.row for name in row.names)]
    missing = [name for name in ["wrk", "curl"] if tool(name) is None]
    if missing:
        sys.exit(f"race: {' and '.join(missing)} not installed, and no root to install it")
    found = programs(options.only or list(KINDS), options.offline)
    results = race(found, rows, rounds, seconds)
    if not options.row or any(part in row for part in options.row for row in STREAM_ROWS):
        results |= streams(found, 2 if options.quick else rounds, options.offline)
    about = ABOUT.format(rounds=rounds, day=datetime.date.today(), machine=peers.machine(), versions=versions(found))
    if options.write:
        PAGE.write_text(about + table(found, results) + "\n", encoding="utf-8")
    print(about + table(found, results))


if __name__ == "__main__":
    main()
