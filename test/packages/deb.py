#!/usr/bin/env python3
"""The Debian package in a root of its own: installs, serves, is upgraded under load without a lost request, goes on serving
when the new programs do not start, and leaves nothing when it is purged."""

import http.client
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

from common import PATIENCE, PROGRAMS, REPOSITORY, base, in_own_mounts, run, until

# Directories in which a purged package may leave nothing.
KEPT = ["etc", "usr", "var", "home", "opt", "srv", "root"]
# What useradd writes beside its files.
BACKUPS = ("passwd-", "shadow-", "group-", "gshadow-", "subuid-", "subgid-")


def packages(folder):
    """The package, its next version, and one whose nano does not start."""
    run(REPOSITORY / "deploy/debian/build", "--fast", env=dict(os.environ, BIN_FROM=str(PROGRAMS)))
    (built,) = (REPOSITORY / "target/debian").glob("nano-host_*.deb")
    made = [built]
    for number, change in [(2, None), (3, breaks)]:
        tree = folder / f"tree{number}"
        run("dpkg-deb", "-R", built, tree)
        control = tree / "DEBIAN/control"
        lines = [f"{line}+{number}" if line.startswith("Version:") else line for line in control.read_text().splitlines()]
        control.write_text("\n".join(lines) + "\n")
        if change:
            change(tree)
        made.append(folder / f"{number}.deb")
        run("dpkg-deb", "-Znone", "-b", tree, made[-1])
    return made


def breaks(tree):
    shutil.copy("/bin/false", tree / "usr/lib/nano-host/nano")


class Root:
    """A root file system with the machine's network."""

    def __init__(self, folder):
        self.path = folder / "root"
        self.path.mkdir()
        run("tar", "-C", self.path, "-xpf", base(folder))
        # nano makes its mounts private, for which its root must be a mount.
        run("mount", "--bind", self.path, self.path)
        for folder in ["proc", "sys", "dev"]:
            run("mount", "--rbind", f"/{folder}", self.path / folder)

    def run(self, *command, check=True):
        return run("chroot", self.path, *command, check=check)

    def install(self, package):
        shutil.copy(package, self.path / "tmp/package.deb")
        # The administrator's configuration is kept, as apt does where nobody is asked.
        return self.run("dpkg", "--force-confold", "-i", "/tmp/package.deb")

    def files(self):
        found = set()
        for top in KEPT:
            for folder, folders, files in os.walk(self.path / top):
                found.update(os.path.join(os.path.relpath(folder, self.path), name) for name in folders + files)
        return {name for name in found if not name.endswith(BACKUPS)}

    def pid(self):
        """The supervisor's that answers at the control socket."""
        lines = self.run("nanoctl", "status", check=False).splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("pid ")), None)


class Load(threading.Thread):
    """Asks again and again, over one connection that is kept or over new ones, until it is ended."""

    def __init__(self, port, keep):
        super().__init__(daemon=True)
        self.port, self.keep = port, keep
        self.answered, self.failed, self.ended = 0, [], False

    def run(self):
        connection = None
        while not self.ended:
            fresh = connection is None
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
                connection.request("GET", "/x")
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or b"You asked for /x" not in body:
                    self.failed.append(f"{answer.status} {body[:200]}")
                self.answered += 1
                if not self.keep or answer.getheader("connection") == "close":
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(f"{error!r} on a {'new' if fresh else 'kept'} connection")
                connection = None


def goes_on(load):
    """Every one of them is answered."""
    seen = [each.answered for each in load]
    until("all are answered", lambda: all(each.answered > old + 10 for each, old in zip(load, seen)))


def check(root, folder):
    first, second, broken = packages(folder)
    before = root.files()
    port = 18000 + os.getpid() % 10000

    root.install(first)
    assert root.run("stat", "-c", "%a %U:%G", "/etc/nano/nano.json").strip() == "640 root:nano"
    for page in ["man1/nano-host.1.gz", "man1/nanoctl.1.gz", "man5/nano.json.5.gz"]:
        assert (root.path / "usr/share/man" / page).exists(), page
    assert (root.path / "usr/lib/systemd/system/nano.service").exists()
    assert (root.path / "usr/share/nano-host/nano.schema.json").exists()
    config = root.path / "etc/nano/nano.json"
    text = config.read_text().replace("8080", str(port)).replace('"apps"', '"metrics": "off",\n  "apps"')
    config.write_text(text)
    assert "1 app loads" in root.run("nano-host", "check", "/etc/nano/nano.json")
    with open(folder / "log", "w", encoding="utf-8") as log:
        serve = ["chroot", root.path, "nano-host", "serve", "--config", "/etc/nano/nano.json"]
        nano = subprocess.Popen(serve, stdout=log, stderr=log)
    running = nano.pid
    try:
        running = until("nano serves", root.pid)
        load = [Load(port, keep) for keep in [True, True, False, False]]
        for each in load:
            each.start()
        goes_on(load)

        said, begun = root.install(second), running
        running = until("the new one serves", root.pid)
        assert running != begun, f"the same process serves: {said}\n{(folder / 'log').read_text()[-3000:]}"
        goes_on(load)
        assert config.read_text() == text, "the configuration is the administrator's"

        said = root.install(broken)
        assert "the former version goes on serving" in said, said
        assert root.pid() == running, said
        goes_on(load)
        for each in load:
            each.ended = True
        for each in load:
            each.join(PATIENCE)
            assert not each.failed, f"{len(each.failed)} of {each.answered} failed, the first: {each.failed[0]}"
        print(f"deb: {sum(each.answered for each in load)} requests during two upgrades, none failed")
    finally:
        run("kill", running, check=False)
        until("nano ends", lambda: not pathlib.Path(f"/proc/{running}").exists() or nano.poll() is not None)
    root.run("dpkg", "--purge", "nano-host")
    left = root.files() - before
    assert not left, f"left behind: {sorted(left)}"
    assert "no such user" in root.run("id", "nano", check=False)
    print("deb: purged, nothing is left")


def main():
    in_own_mounts(__file__)
    with tempfile.TemporaryDirectory(prefix="nano-deb-", ignore_cleanup_errors=True) as folder:
        root = Root(pathlib.Path(folder))
        try:
            check(root, pathlib.Path(folder))
        finally:
            run("umount", "--recursive", "--lazy", root.path, check=False)


main()
