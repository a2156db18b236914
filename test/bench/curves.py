#!/usr/bin/env python3
"""How nano grows: with its apps, with connections, with the size of bodies; what a start and a reload of many apps take.

    test/bench/curves.py [--quick] [--rounds N] [--curve NAME]... [--only NAME]... [--offline] [--write]

The release build, or NANO_BIN_DIR; beside it workerd where it has the same. A round measures all points of a curve one after the
other, the contestants in turns at each point; printed are medians. --quick leaves the largest points out. --write makes
docs/curves.md of the result.
"""

import argparse
import datetime
import pathlib
import statistics
import sys
import time

import peers
import race
from contest import meters
from contest.contestants import host
from peers import Failed

PAGE = peers.ROOT / "docs" / "curves.md"
CONNECTIONS = 64
KIB = 1024
# An app that runs takes about so much memory, and so many descriptors in the spawner, of which a process may often have no
# more than 20,000: more of them than there is room for are not asked.
APP_MIB = 4.6
SPARE_MIB = 2048
MOST_ASKED = 2000

ABOUT = """\
# How nano grows

`test/bench/curves.py --write` wrote this page and says what is measured and how. Medians of {rounds} rounds. A step that has no \
reason is a bug.

{day}, {machine}; {versions}.
"""


class Curve:
    """A table: a line for each of `points`, a column for each of `names`. `measure(start, point, seconds)` returns the numbers."""

    def __init__(self, key, title, points, shown, names, measure, contestants=("nano",)):
        self.key, self.title, self.points, self.shown = key, title, points, shown
        self.names, self.measure, self.contestants = names, measure, contestants


def with_apps(start, apps, seconds):
    """All apps are asked, if there is room for so many processes; else as many as there is room for."""
    with start(apps) as contestant:
        asked = apps
        if contestant.__class__.__name__ == "Nano":
            asked = min(apps, MOST_ASKED, int((available_mib() - SPARE_MIB) / APP_MIB))
        for number in range(asked):
            contestant.ask(host(number), time.perf_counter() + 60)
        meters.load(contestant, CONNECTIONS, 1, asked)
        rate, cpu, p99 = meters.load(contestant, CONNECTIONS, seconds, asked)
        return [asked, rate, cpu, p99]


def with_connections(start, connections, seconds):
    with start(8) as contestant:
        race.ask_all(contestant)
        meters.load(contestant, connections, 1, 8)
        return meters.load(contestant, connections, seconds, 8)


def with_bodies(start, size, seconds):
    with start(8) as contestant:
        race.ask_all(contestant)
        path = f"/bytes?n={size}"
        meters.load(contestant, CONNECTIONS, 1, 8, path)
        rate, cpu, p99 = meters.load(contestant, CONNECTIONS, seconds, 8, path)
        return [rate, rate * size / 2**20, cpu, p99]


def starts(start, apps, _seconds):
    """Seconds to the first answer of the first app, and to that of the last, all started ahead."""
    with start(apps, on_demand_from=apps + 1) as contestant:
        begun = time.perf_counter()
        for number in range(apps):
            contestant.ask(host(number), begun + 300)
        return [contestant.took, contestant.took + time.perf_counter() - begun]


def reloads(start, apps, _seconds):
    """Milliseconds of `nanoctl reload` with nothing changed and with one app changed, none running; the same, all running."""
    with start(apps, on_demand_from=0) as contestant:
        numbers = []
        for running in (False, True):
            if running:
                race.ask_all(contestant)
            numbers.append(timed_reload(contestant))
            with open(contestant.directory / f"app{apps // 2}" / "index.js", "a", encoding="utf-8") as file:
                file.write("// changed\n")
            numbers.append(timed_reload(contestant))
        return numbers


def timed_reload(contestant):
    begun = time.perf_counter()
    contestant.ctl("reload")
    return (time.perf_counter() - begun) * 1000


def available_mib():
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 1024
    raise Failed("/proc/meminfo has no MemAvailable")


def size_of(size):
    return f"{size} B" if size < KIB else f"{size // KIB} KiB" if size < KIB * KIB else f"{size // KIB // KIB} MiB"


BOTH = ("nano", "workerd")
CURVES = [
    Curve("apps", f"Apps, {CONNECTIONS} connections that ask them in turn", [1, 10, 100, 1000, 5000], str,
          ["apps asked", "requests/s", "CPU s for 10,000", "p99 ms"], with_apps, BOTH),
    Curve("connections", "Connections, 8 apps", [1, 4, 16, 64, 256, 1024], str,
          ["requests/s", "CPU s for 10,000", "p99 ms"], with_connections, BOTH),
    Curve("bodies", f"Size of the response's body, 8 apps, {CONNECTIONS} connections",
          [0, 100, KIB, 10 * KIB, 100 * KIB, KIB * KIB], size_of,
          ["requests/s", "MiB/s", "CPU s for 10,000", "p99 ms"], with_bodies, BOTH),
    Curve("start", "Apps that are started ahead", [1, 10, 100, 1000], str, ["first answer, s", "last answer, s"], starts),
    Curve("reload", "Reload", [10, 100, 1000], str,
          ["nothing changed, ms", "one app changed, ms", "all run, nothing changed, ms", "all run, one changed, ms"], reloads),
]


def start_of(kind, program):
    def start(apps, **settings):
        started = race.Started(kind, program, apps)
        for name, value in settings.items():
            setattr(started.contestant, name, value)
        return started

    return start


def measure(curve, found, points, rounds, seconds):
    """Point → contestant → the numbers of each round."""
    results = {point: {name: [] for name in found if name in curve.contestants} for point in points}
    for turn in range(rounds):
        for point, by in results.items():
            for name in by:
                try:
                    by[name].append(curve.measure(start_of(race.KINDS[name], found[name]), point, seconds))
                except Failed as error:
                    race.note(f"{curve.key}, {name}, {curve.shown(point)}: {error}")
        race.note(f"{curve.key}: round {turn + 1} of {rounds} done")
    return results


def table(curve, results):
    names = list(next(iter(results.values())))
    heads = [f"{name}: {column}" if len(names) > 1 else column for name in names for column in curve.names]
    lines = [["", *heads], ["---:"] * (len(heads) + 1)]
    for point, by in results.items():
        cells = []
        for name in names:
            columns = zip(*by[name]) if by[name] else [()] * len(curve.names)
            cells += [race.text(statistics.median(column)) if column else "–" for column in columns]
        lines.append([curve.shown(point), *cells])
    return f"\n## {curve.title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="not the largest points, one round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--curve", action="append", choices=[curve.key for curve in CURVES], help="only these")
    parser.add_argument("--only", action="append", choices=BOTH, help="only these")
    parser.add_argument("--offline", action="store_true", help="use what is installed, install nothing")
    parser.add_argument("--write", action="store_true", help="write docs/curves.md")
    options = parser.parse_args()
    if race.tool("wrk") is None:
        sys.exit("curves: wrk is not installed, and there is no root to install it")
    found = race.programs(options.only or list(BOTH), options.offline)
    rounds, seconds = options.rounds or (1 if options.quick else 3), 2 if options.quick else 4
    page = ABOUT.format(rounds=rounds, day=datetime.date.today(), machine=peers.machine(), versions=race.versions(found))
    for curve in CURVES:
        if options.curve and curve.key not in options.curve:
            continue
        points = curve.points[:-1] if options.quick else curve.points
        page += table(curve, measure(curve, found, points, rounds, seconds))
        race.note(f"{curve.key} done")
    if options.write:
        PAGE.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
