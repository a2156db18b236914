#!/usr/bin/env python3
"""The package's units under a real systemd: nano.service, which starts as root, and nano-rootless.service, which never is.
Each is started, reloaded, upgraded, killed and stopped under load, has the layers of the sandbox that the pages say, and may
not do what its unit takes away."""

import http.client
import json
import pathlib
import shutil
import socket
import tempfile

from builds import packages
from common import PATIENCE, in_own_mounts, run, until
from load import Load, goes_on, none_failed
from machine import NAMESPACES, Machine, prepare

LAYERS = ["cgroup", "namespaces", "root", "uid", "capabilities", "no_new_privs", "undumpable", "rlimits", "landlock", "seccomp"]
PORT = 8080
RELOADS, UPGRADES = 20, 3
# Answers when it has waited, so that there is a request in flight.
SLOW = """
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 1500));
    return new Response(`You asked for ${pathname}\\n`);
  },
};
"""


class Service:
    """nano as one of the units."""

    def __init__(self, machine, unit):
        self.machine, self.unit = machine, unit

    def shown(self, key):
        return self.machine.run("systemctl", "show", "--value", "-p", key, self.unit).strip()

    def pid(self):
        return int(self.shown("MainPID"))

    def systemctl(self, *command):
        try:
            return self.machine.run("systemctl", *command, self.unit)
        except SystemExit as error:
            raise SystemExit(f"{error}\n{self.machine.journal(self.unit)}") from None

    def workers(self):
        """Those of the one app."""
        return json.loads(self.machine.run("nanoctl", "--json", "apps"))["apps"][0]["workers"]

    def layers(self):
        """Those in force; and nano sees what a worker uses."""
        (worker,) = self.workers()
        assert worker["resident_bytes"] > 0, worker
        return {layer["layer"] for layer in worker["sandbox"] if layer["active"]}

    def reload(self):
        self.systemctl("reload")

    def upgrade(self, how=lambda machine: machine.run("nanoctl", "upgrade")):
        """Another process is the main one afterwards, and it was not systemd that started it."""
        before, restarts = self.pid(), self.shown("NRestarts")
        said = how(self.machine)
        after = until("systemd knows the new main process", lambda: self.pid() if self.pid() not in (0, before) else None)
        until("the former has ended", lambda: not self.machine.has_process(before))
        assert (self.shown("ActiveState"), self.shown("NRestarts")) == ("active", restarts), said
        status = json.loads(self.machine.run("nanoctl", "--json", "status"))
        assert status["pid"] == after, f"{status}\n{said}"

    def processes(self):
        """Users and arguments of those of the unit."""
        listed = self.machine.run("ps", "-eo", "user:32,args").splitlines()
        return [line.split(None, 1) for line in listed if "nano" in line.split(None, 1)[1]]


def under_load(service, expected, steps):
    """Starts the unit and takes the steps while clients ask."""
    machine = service.machine
    service.systemctl("start")
    found = service.layers()
    assert found == expected, f"{service.unit}: {sorted(found ^ expected)}\n{machine.journal(service.unit)}"
    load = [Load(PORT, keep) for keep in [True, True, False, False]]
    for each in load:
        each.start()
    goes_on(load)
    for step in steps:
        step()
        goes_on(load)
    return none_failed(load)


def asked(port, path):
    """An answer's status and body."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    client.request("GET", path)
    answer = client.getresponse()
    return answer.status, answer.read()


def stops_well(service):
    """A request in flight is answered although the service is stopped meanwhile."""
    client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=PATIENCE)
    client.request("GET", "/slow")
    until("it is in flight", lambda: service.workers()[0]["in_flight"] == 1)
    service.systemctl("stop")
    answer = client.getresponse()
    assert (answer.status, answer.read()) == (200, b"You asked for /slow\n")
    assert (service.shown("ActiveState"), service.shown("Result")) == ("inactive", "success")


def is_restarted(service):
    """Who is killed is back, and nothing of the former is left."""
    before, there = service.pid(), len(service.processes())
    service.machine.run("kill", "-9", str(before))
    until("systemd has started it again", lambda: service.shown("ActiveState") == "active" and service.pid() not in (0, before))
    until("as many processes as before are there", lambda: len(service.processes()) == there)


def confined(service):
    """What the kernel says of the main process, which is the one that reads what clients send."""
    status = service.machine.run("cat", f"/proc/{service.pid()}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["NoNewPrivs"] == "1" and int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0, status
    assert fields["Uid"].split() == [service.machine.run("id", "-u", "nano").strip()] * 4, status


def check(machine, folder):
    first, second, _ = packages(folder)
    unit = machine.path / "etc/systemd/system"
    if machine.hybrid:
        # The hierarchies of version 1 lie where the machine of the test has put them.
        (unit / "nano.service.d").mkdir()
        (unit / "nano.service.d/groups.conf").write_text("[Service]\nReadWritePaths=/cgroup\n")

    def install(package):
        shutil.copy(package, machine.path / "var/package.deb")
        return machine.run("dpkg", "--force-confold", "-i", "/var/package.deb")

    # By the package, as an administrator has it.
    install(first)
    service = Service(machine, "nano.service")
    assert service.shown("ActiveState") == "active", machine.journal("nano.service")
    assert machine.run("systemctl", "is-enabled", "nano.service").strip() == "enabled"
    assert machine.run("systemctl", "is-enabled", "nano-rootless.service", check=False).strip() == "disabled"
    app = machine.path / "srv/app"
    app.mkdir()
    (app / "index.js").write_text(SLOW)
    config = {"port": PORT, "apps": [{"hostname": "*", "name": "app", "path": "/srv/app"}]}
    (machine.path / "etc/nano/nano.json").write_text(json.dumps(config))
    service.systemctl("restart")

    def update(_):
        return install(second)

    steps = [service.reload] * RELOADS + [service.upgrade] * UPGRADES + [lambda: service.upgrade(update), service.reload]
    answered = under_load(service, set(LAYERS), steps)
    confined(service)
    is_restarted(service)
    stops_well(service)
    print(f"service: nano.service has all layers; {answered} requests during {len(steps)} reloads and upgrades, none failed")

    # Without root. Groups of version 1 cannot be given to a user.
    machine.run("systemctl", "disable", "nano.service")
    service = Service(machine, "nano-rootless.service")
    service.systemctl("enable")
    lacking = {"uid", "cgroup"} if machine.hybrid else {"uid"}
    steps = [service.reload] * RELOADS + [service.upgrade] * UPGRADES + [service.reload]
    answered = under_load(service, set(LAYERS) - lacking, steps)
    confined(service)
    assert {user for user, _ in service.processes()} == {"nano"}, service.processes()
    is_restarted(service)
    stops_well(service)
    print(f"service: {service.unit} lacks {sorted(lacking)}; {answered} requests during {len(steps)} reloads and upgrades, none failed")

    # A port below 1024 comes from systemd, which holds it while nano restarts.
    config["listen"] = ["0.0.0.0:80"]
    del config["port"]
    (machine.path / "etc/nano/nano.json").write_text(json.dumps(config))
    machine.run("systemctl", "start", "nano-rootless.socket")
    assert asked(80, "/first") == (200, b"You asked for /first\n")
    service.upgrade()
    assert asked(80, "/second") == (200, b"You asked for /second\n")
    service.systemctl("restart")
    assert asked(80, "/third") == (200, b"You asked for /third\n")

    machine.run("dpkg", "--purge", "nano-host")
    for unit in ["nano.service", "nano-rootless.service", "nano-rootless.socket"]:
        assert machine.run("systemctl", "is-active", unit, check=False).strip() == "inactive", unit
    assert "no such user" in machine.run("id", "nano", check=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 80))
    left = [path for path in (machine.path / "etc/systemd/system").rglob("nano*.s*") if path.suffix != ".d"]
    assert not left, left
    print("service: purged, nothing runs")


def main():
    with tempfile.TemporaryDirectory(prefix="nano-service-") as folder:
        prepare(pathlib.Path(folder))
    in_own_mounts(__file__, *NAMESPACES)
    with tempfile.TemporaryDirectory(prefix="nano-service-", ignore_cleanup_errors=True) as folder:
        folder = pathlib.Path(folder)
        with Machine(folder) as machine:
            check(machine, folder)
        run("umount", "--recursive", "--lazy", folder / "machine", check=False)


main()
