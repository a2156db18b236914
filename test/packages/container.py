#!/usr/bin/env python3
"""The container image: built from deploy/container/Containerfile (its last stage; the programs are those that are there), and run
by runc with less and more privileges. Each must serve with the layers of the sandbox that docs/containers.md says."""

import json
import os
import pathlib
import re
import subprocess
import tempfile

from common import PROGRAMS, REPOSITORY, base, in_own_mounts, run, until

DEPLOY = REPOSITORY / "deploy/container"
DOCS = REPOSITORY / "docs/containers.md"
NANO = 61183
LAYERS = ["cgroup", "namespaces", "root", "uid", "capabilities", "no_new_privs", "undumpable", "rlimits", "landlock", "seccomp"]
# CLONE_NEW… of clone(2).
NEW = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]
CONTROLLERS = ["memory", "cpu", "pids"]


def refuses(names, errno, **more):
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": errno, **more}


def own_profile():
    """deploy/container/seccomp.json, as the runtime wants it."""
    profile = json.loads((DEPLOY / "seccomp.json").read_text())
    machines = profile.pop("archMap")
    profile["architectures"] = [name for each in machines for name in [each["architecture"], *each["subArchitectures"]]]
    return profile


def as_docker():
    """What Docker's default profile refuses to those without CAP_SYS_ADMIN, of what nano's sandbox needs."""
    mounts = ["unshare", "mount", "umount2", "pivot_root", "setns", "move_mount", "open_tree", "fsopen", "fsmount", "mount_setattr"]
    flag = [{"index": 0, "value": bit, "valueTwo": bit, "op": "SCMP_CMP_MASKED_EQ"} for bit in NEW]
    clones = [refuses(["clone"], 1, args=[each]) for each in flag]
    syscalls = [refuses(mounts, 1), refuses(["clone3"], 38), *clones]
    return {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": syscalls}


class Image:
    """The image's file system, in buildah's own storage."""

    def __init__(self, folder):
        self.store = ["buildah", "--root", folder / "store", "--runroot", folder / "runroot", "--storage-driver", "vfs"]
        tree = folder / "build"
        run("make", "--silent", "install", f"BIN_FROM={PROGRAMS}", f"DESTDIR={tree}/out", cwd=REPOSITORY)
        empty = self.buildah("from", "scratch").strip()
        self.buildah("add", empty, base(folder), "/")
        self.buildah("commit", "--rm", empty, "localhost/base")
        # The stage that compiles is replaced by what is compiled already.
        self.buildah(
            "bud", "--isolation", "chroot", "--network", "host", "--build-arg", "BASE=localhost/base", "--build-context",
            f"build={tree}", "-f", DEPLOY / "Containerfile", "-t", "localhost/nano", REPOSITORY,
        )
        self.config = json.loads(self.buildah("inspect", "--type", "image", "localhost/nano"))["OCIv1"]["config"]
        container = self.buildah("from", "localhost/nano").strip()
        self.rootfs = self.buildah("mount", container).strip()

    def buildah(self, command, *rest):
        return run(*self.store, command, *rest)


class Container:
    """One that runs until it is left."""

    def __init__(self, folder, image, name, *, user=NANO, capabilities=(), profile=None, cgroup=False, read_only=True):
        self.folder, self.name = folder / name, f"nano-test-{os.getpid()}-{name}"
        self.folder.mkdir()
        run("runc", "spec", "--bundle", self.folder)
        spec = json.loads((self.folder / "config.json").read_text())
        process, linux = spec["process"], spec["linux"]
        process.update(terminal=False, args=image.config["Entrypoint"] + image.config["Cmd"], noNewPrivileges=True)
        process["env"] = image.config["Env"]
        process["user"] = {"uid": user, "gid": user}
        process["capabilities"] = {kind: sorted(capabilities) for kind in ["bounding", "effective", "permitted"]}
        process["rlimits"] = [{"type": "RLIMIT_NOFILE", "hard": 4096, "soft": 1024}]
        spec["root"] = {"path": image.rootfs, "readonly": read_only}
        spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]})
        spec["mounts"].append({"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]})
        if cgroup:
            groups = [f"/sys/fs/cgroup/{name}" for name in CONTROLLERS]
            bind = {"type": "bind", "options": ["rbind", "rw"]}
            spec["mounts"] += [{"destination": group, "source": group, **bind} for group in groups]
        linux["seccomp"] = profile
        (self.folder / "config.json").write_text(json.dumps(spec))

    def __enter__(self):
        with open(self.folder / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(["runc", "run", "--bundle", self.folder, self.name], stdout=log, stderr=log)
        return self

    def nanoctl(self, *arguments):
        return run("runc", "exec", self.name, "nanoctl", *arguments, check=False)

    def layers(self):
        """Those in force, once it serves."""
        def look():
            assert self.process.poll() is None, f"{self.name} ended:\n{(self.folder / 'log').read_text()}"
            return re.search(r"^sandbox +[a-z-]+: ([a-z_, ]+)", self.nanoctl("status"), re.M)

        found = until(f"{self.name} serves", look)
        # Its network is its own.
        ask = r"exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n' >&3; cat <&3"
        answer = run("runc", "exec", self.name, "bash", "-c", ask)
        assert answer.startswith("HTTP/1.1 200 "), answer
        return found[1].split(", ")

    def __exit__(self, *_):
        # As `docker stop` does: the first process of the container gets the signal, and ends in order.
        run("runc", "kill", self.name, "TERM", check=False)
        try:
            code = self.process.wait(30)
        finally:
            run("runc", "delete", "--force", self.name, check=False)
        assert code == 0, f"{self.name} ended with {code}:\n{(self.folder / 'log').read_text()}"


def documented():
    """The layers of each row of the page, in the order of its rows."""
    rows = [line.split("|") for line in DOCS.read_text().splitlines() if line.startswith("| ") and "`" in line]
    return [[layer for layer in LAYERS if f"`{layer}`" in row[2]] for row in rows if any(f"`{layer}`" in row[2] for layer in LAYERS)]


def main():
    in_own_mounts(__file__)
    # Those of deploy/nano.service that a container has use for.
    capabilities = [
        f"CAP_{name}" for name in
        "SYS_ADMIN SYS_PTRACE SETUID SETGID SETPCAP KILL CHOWN DAC_OVERRIDE DAC_READ_SEARCH".split()
    ]
    with tempfile.TemporaryDirectory(prefix="nano-container-", ignore_cleanup_errors=True) as folder:
        folder = pathlib.Path(folder)
        image = Image(folder)
        cases = [
            ("docker", {"profile": as_docker()}),
            ("user", {"profile": own_profile()}),
            ("all", {"profile": own_profile(), "user": 0, "capabilities": capabilities, "cgroup": True}),
        ]
        seen = []
        for name, how in cases:
            with Container(folder, image, name, **how) as container:
                seen.append(container.layers())
            print(f"container: {name}: {', '.join(seen[-1])}")
        assert seen[-1] == LAYERS, seen[-1]
        expected = documented()
        assert seen == expected, f"docs/containers.md says otherwise:\n{expected}"


main()
