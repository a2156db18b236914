"""What the tests of packages share: commands, waiting, and a root file system of Debian."""

import os
import pathlib
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
# The programs that are packed.
PROGRAMS = (REPOSITORY / os.environ.get("BIN_FROM", "target/debug")).resolve()
# A base system of Debian with what the package depends on. Kept: it takes a minute to make.
BASE = REPOSITORY / "target/tools/bookworm.tar"
SUITE, MIRROR = "bookworm", os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
PATIENCE = 60


def run(*command, check=True, **options):
    """What a command wrote."""
    words = [str(part) for part in command]
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def until(what, look):
    """Waits until `look` returns something true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    return sys.exit(f"waited {PATIENCE} s in vain: {what}")


def base(work):
    """The base system, as a tar file."""
    if not BASE.exists():
        run("debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, work / "base", MIRROR)
        BASE.parent.mkdir(parents=True, exist_ok=True)
        run("tar", "-C", work / "base", "-cf", f"{BASE}.new", ".")
        os.rename(f"{BASE}.new", BASE)
    return BASE


def in_own_mounts(script):
    """Goes on in a mount namespace of its own: nothing else sees the mounts, and they end with this process."""
    if os.geteuid() != 0:
        sys.exit("needs root")
    if "--inside" not in sys.argv:
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, script, "--inside"])
