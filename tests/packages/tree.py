# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of this tree, built away from it, and what a build of it knows of itself."""
import os
import pathlib
import re
import shutil
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
EPOCH = "1700000000"
COMMANDS = ("record", "report", "agent", "query", "doctor", "list", "debug")


def run(*argv, timeout=600, **options):
    """What it printed; a failure shows all of it."""
    done = subprocess.run([str(arg) for arg in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, argv))}: {done.returncode}\n{done.stdout[-6000:]}"
    return done.stdout


def copy(target):
    """What belongs to the tree, committed or not; nothing that was built."""
    def ignored(folder, names):
        return {name for name in names if name in (".git", "__pycache__") or
                pathlib.Path(folder) == TOP and (name == "build" or name.startswith("profound-"))}
    shutil.copytree(TOP, target, symlinks=True, ignore=ignored)
    return target


def make(tree, *argv, umask=0o022, **environment):
    """Quietly beside others' work. O, VERSION and the like are arguments, not what the environment of this run says."""
    clean = {name: value for name, value in os.environ.items() if name not in ("O", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return run("nice", "-n", "19", "make", "-j2", *argv, cwd=tree, umask=umask,
               env={**clean, "SOURCE_DATE_EPOCH": EPOCH, **environment})


def deb(tree, *argv, **environment):
    return tree / make(tree, *argv, "deb", **environment).splitlines()[-1]


def help_options(text):
    """The options in a command's --help, as they are typed."""
    return sorted({option for line in text.splitlines() if re.match(r"^  (-\w|    --)", line)
                   for option in re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", line[:28])})
