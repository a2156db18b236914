"""What is measured of running processes, and with what they are loaded: CPU time and memory of /proc, wrk, curl."""

import os
import pathlib
import re
import subprocess

from contest.contestants import host
from peers import Failed

TICK = os.sysconf("SC_CLK_TCK")
UNITS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}

# Each connection asks the apps in turn, each thread from another one on.
LUA = """\
local apps, at, requests = %d, 0, {}
for number = 0, apps - 1 do requests[number] = "GET %s HTTP/1.1\\r\\nHost: a" .. number .. ".test\\r\\n\\r\\n" end
request = function() at = (at + 1) %% apps return requests[at] end
"""


def cpu_seconds(pids):
    """User and system time of processes, with that of children that have ended."""
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended, and its parent has its time
        total += sum(map(int, fields[11:15]))
    return total / TICK


def memory_mib(pids):
    """Proportional set size, and page tables, of processes."""
    pss = tables = 0
    for pid in pids:
        try:
            pss += _kib(f"/proc/{pid}/smaps_rollup", "Pss")
            tables += _kib(f"/proc/{pid}/status", "VmPTE")
        except OSError:
            continue  # it has ended
    return pss / 1024, tables / 1024


def _kib(file, key):
    found = re.search(rf"^{key}:\s+(\d+) kB$", pathlib.Path(file).read_text(), re.M)
    return int(found.group(1)) if found else 0


def load(contestant, connections, seconds, apps, path="/"):
    """Small requests to `apps` apps in turn: requests a second, CPU seconds for 10,000 requests, p99 in milliseconds."""
    script = contestant.directory / "hosts.lua"
    script.write_text(LUA % (apps, path.replace("%", "%%")))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-s", str(script), f"http://127.0.0.1:{contestant.port}/"]
    before = cpu_seconds(contestant.pids())
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    spent = cpu_seconds(contestant.pids()) - before
    requests = re.search(r"(\d+) requests in", done.stdout)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)$", done.stdout, re.M)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.+)", done.stdout)
    if not requests or not p99 or wrong:
        raise Failed(f"wrk: {(wrong.group(0) if wrong else done.stdout + done.stderr)[-300:]}")
    count = int(requests.group(1))
    return count / seconds, spent / count * 10_000, float(p99.group(1)) * UNITS[p99.group(2)]


def transfer(contestant, path, mib, upload):
    """MiB a second of one body, there or back or both ways, by curl."""
    address = ["--resolve", f"{host(0)}:{contestant.port}:127.0.0.1", f"http://{host(0)}:{contestant.port}{path}"]
    command = ["curl", "-sS", "-f", "--max-time", "120", "-H", "Expect:", "-o", "/dev/null", "-w", "%{time_total} %{size_upload} %{size_download}", *address]
    if upload:
        command += ["-T", str(upload)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"curl: {done.stderr.strip()[-200:]}")
    seconds, up, down = done.stdout.split()
    if max(int(up), int(down)) < mib * 2**20:
        raise Failed(f"curl sent {up} bytes and got {down}")
    return mib / float(seconds)
