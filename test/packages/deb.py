#!/usr/bin/env python3
"""The Debian package in a root of its own: installs, serves, is upgraded under load without a lost request, goes on serving
when the new programs do not start, and leaves nothing when it is purged."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from builds import packages
from common import base, in_own_mounts, run, until
from load import Load, goes_on, none_failed

# Directories in which a purged package may leave nothing.
KEPT = ["etc", "usr", "var", "home", "opt", "srv", "root"]
# What useradd writes beside its files.
BACKUPS = ("passwd-", "shadow-", "group-", "gshadow-", "subuid-", "subgid-")


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
        print(f"deb: {none_failed(load)} requests during two upgrades, none failed")
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
