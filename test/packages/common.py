"""What the tests of packages share: commands, waiting, and a root file system of Debian."""

import os
import pathlib
import shutil
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


def base(work, *more):
    """The base system with further packages, as a tar file."""
    tar = BASE.with_suffix("".join(f".{name}" for name in more) + ".tar")
    if not tar.exists():
        run("debootstrap", "--variant=minbase", f"--include={','.join(['ca-certificates', *more])}", SUITE, work / "base", MIRROR)
        tar.parent.mkdir(parents=True, exist_ok=True)
        run("tar", "-C", work / "base", "-cf", f"{tar}.new", ".")
        os.rename(f"{tar}.new", tar)
        shutil.rmtree(work / "base")
    return tar


def in_own_mounts(script, *further):
    """Goes on in a mount namespace of its own, and further ones (options of unshare): nothing else sees the mounts, and they
    end with this process."""
    if os.geteuid() != 0:
        sys.exit("needs root")
    if "--inside" not in sys.argv:
        own = ["unshare", "--mount", *further, "--propagation", "private", sys.executable, script, "--inside"]
        os.execvp("unshare", own)
