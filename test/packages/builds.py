"""The Debian package of the programs that are there, and its next versions."""

import os
import shutil

from common import PROGRAMS, REPOSITORY, run


def packages(folder):
    """The package, its next version, and one whose nano does not start."""
    if "NANO_PACKAGE_IS_BUILT" not in os.environ:
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
