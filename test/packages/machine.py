"""A machine: a root file system of Debian with systemd as its first process, in namespaces of its own.

Nothing of the machine that runs the test is reached: it has its own processes, mounts, network, host name and control
groups, and cannot write to /proc/sys or /sys. Call `in_own_mounts(script, *NAMESPACES)` before."""

import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess

from common import base, run, until

NAMESPACES = ["--net", "--ipc", "--uts"]
CGROUPS = pathlib.Path("/sys/fs/cgroup")
# What nano uses, as hierarchies of version 1, where the kernel has them so.
CONTROLLERS = ["memory", "pids", "cpu"]
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
# Moves itself into the control groups, so that in its namespace they are the roots, and becomes the first process.
BEGIN = """
for group in $OWN_GROUPS; do echo 0 > $group/cgroup.procs; done
exec unshare --cgroup sh -ec '
    mount -t cgroup2 cgroup2 $ROOT/sys/fs/cgroup
    for name in $CONTROLLERS; do mkdir -p $ROOT/cgroup/$name; mount -t cgroup -o $name cgroup $ROOT/cgroup/$name; done
    mount -t proc proc $ROOT/proc
    mount --bind $ROOT/proc/sys $ROOT/proc/sys
    mount -o remount,bind,ro $ROOT/proc/sys
    cd $ROOT
    mkdir -p .former
    pivot_root . .former
    umount -l /.former
    exec env -i container=nano-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --unit=multi-user.target --log-target=journal --show-status=no
'
"""


def loopback_up():
    """The address 127.0.0.1 of the new network is there (SIOCGIFFLAGS, SIOCSIFFLAGS, netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = fcntl.ioctl(any_socket, 0x8913, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack_from("H", asked, 16)[0]
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", flags | 1))


def prepare(folder):
    """The file system as a tar file; while there is still a network."""
    return base(folder, "systemd", "systemd-sysv", "dbus", "procps")


class Machine:
    def __init__(self, folder):
        self.path = folder / "machine"
        self.path.mkdir()
        run("tar", "-C", self.path, "-xpf", prepare(folder))
        loopback_up()
        self.hybrid = not (CGROUPS / "cgroup.procs").exists()
        name = f"nano-test-{os.getpid()}"
        hierarchies = ["unified", *CONTROLLERS] if self.hybrid else ["."]
        self.groups = [CGROUPS / each / name for each in hierarchies]
        self.mount()
        for unit in ["systemd-logind", "systemd-udevd", "systemd-timesyncd", "getty"]:
            kind = "target" if unit == "getty" else "service"
            (self.path / f"etc/systemd/system/{unit}.{kind}").symlink_to("/dev/null")

    def mount(self):
        path = self.path
        # A root that can be moved to the place of another must be a mount.
        run("mount", "--bind", path, path)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path / "dev")
        for name, (major, minor) in DEVICES.items():
            os.mknod(path / "dev" / name, 0o20666, os.makedev(major, minor))
            os.chmod(path / "dev" / name, 0o666)
        for name in ["pts", "shm"]:
            (path / "dev" / name).mkdir()
        run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620", "devpts", path / "dev/pts")
        (path / "dev/ptmx").symlink_to("pts/ptmx")
        (path / "dev/fd").symlink_to("/proc/self/fd")
        run("mount", "-t", "tmpfs", "tmpfs", path / "dev/shm")
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path / "run")
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", path / "tmp")
        run("mount", "-t", "sysfs", "-o", "ro", "sysfs", path / "sys")

    def __enter__(self):
        for group in self.groups:
            group.mkdir()
        known = dict(
            os.environ,
            ROOT=str(self.path),
            OWN_GROUPS=" ".join(map(str, self.groups)),
            CONTROLLERS=" ".join(CONTROLLERS if self.hybrid else []),
        )
        # It ends with this process, and everything in it with it.
        begin = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", BEGIN]
        self.outer = subprocess.Popen(begin, env=known)

        def first():
            assert self.outer.poll() is None, f"the machine has ended: {self.outer.returncode}"
            return run("pgrep", "--parent", self.outer.pid, "--exact", "systemd", check=False).strip()

        try:
            self.pid = until("systemd is there", first)
            until("it has started", lambda: self.run("systemctl", "is-system-running", check=False).strip() == "running")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.outer.send_signal(signal.SIGKILL)
        self.outer.wait()
        for group in self.groups:
            until(f"the processes in {group} have ended", lambda: self.removed(group))

    def removed(self, group):
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
        return True

    def run(self, *command, check=True):
        """What a command within wrote."""
        return run("nsenter", "-t", self.pid, "-m", "-p", "-C", "-r", "-w", *command, check=check)

    def has_process(self, pid):
        return pathlib.Path(f"/proc/{self.pid}/root/proc/{pid}").exists()

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-n", "40", "-u", unit, check=False)
