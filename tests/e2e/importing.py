# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the readers of profile files from outside."""
import collections
import json
import os
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
CONVERT = pathlib.Path(os.environ.get("O", "build")) / "tests/import/convert"


def build():
    subprocess.run(["make", "-s", CONVERT], check=True, cwd=TOP)


def run(*arguments, **options):
    return subprocess.run([TOP / CONVERT, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          errors="replace", **options)


def convert(format_, out, *files, before=()):
    """What is written, as bytes."""
    done = run(*before, out, format_, *files)
    assert (done.returncode, done.stderr) == (0, ""), done
    return pathlib.Path(out).read_bytes()


def folded(path, *files, before=()):
    """Counter of (comm, frame, ..., frame)."""
    stacks = collections.Counter()
    for line in convert("folded", path, *files, before=before).decode().splitlines():
        stack, _, count = line.rpartition(" ")
        stacks[tuple(stack.split(";"))] += int(count)
    return stacks


def stats(path, *files):
    return json.loads(convert("stats", path, *files))


def refuse(path, *files, before=()):
    """The one line that says why not."""
    done = run(*before, path, "folded", *files)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), done
    assert not pathlib.Path(path).exists(), done
    return done.stderr.strip()
