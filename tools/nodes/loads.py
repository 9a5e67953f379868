# SPDX-License-Identifier: GPL-2.0-or-later
"""What a node does while its stream is recorded, in a cgroup of its own, so that the agent can be told to leave out what else
runs on the machine."""
import contextlib
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from benchmarks import made_program

from . import CACHE, ROOT

CONTAINERS, PROGRAMS, BUSY_US = 50, 200, 5000  # of CPU in a second, each
FOREVER = str(10**6)
COMPILED = ROOT / "user/base"


def mount_point():
    """Of cgroup v2, or None."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, path, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(path)
    return None


def remove(group):
    """When what was killed in it is gone."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            for path in sorted(group.glob("**/"), reverse=True):
                path.rmdir()
            return
        time.sleep(0.05)


@contextlib.contextmanager
def group():
    root = mount_point()
    if root is None:
        raise RuntimeError("no cgroup v2 is mounted here")
    path = root / f"profound-fleet-{os.getpid()}"
    path.mkdir()
    try:
        yield path
    finally:
        remove(path)


def move(pid, where):
    (where / "cgroup.procs").write_text(str(pid))


def idle(_):
    """a shell that runs ps and df every five seconds, as monitoring does"""
    return [(None, ["sh", "-c", "while :; do ps aux; df; sleep 5; done"])]


def busy(folder):
    """a Python service under requests, gzip, and gcc over C files one after the other"""
    example, port = ROOT / "examples/slow-recommender", "8917"
    gcc = f"while :; do for f in {COMPILED}/*.c; do gcc -O2 -D_GNU_SOURCE -I{ROOT}/user -c $f -o {folder}/o; done; done"
    return [(None, [sys.executable, example / "recommender.py", port]),
            (None, ["sh", "-c", f"sleep 1; exec {sys.executable} {example}/load.py {port} {FOREVER}"]),
            (None, ["sh", "-c", "while :; do find /usr/lib -type f -name '*.so*' -exec cat {} + | gzip -6; done"]),
            (None, ["sh", "-c", gcc])]


def many(_):
    """200 programs that share no code in 50 containers (cgroups named as Docker's), each with a little to do"""
    programs = made_program.compile_all(CACHE / "programs", PROGRAMS)
    names = [f"docker-{hashlib.sha256(bytes([i])).hexdigest()}.scope" for i in range(CONTAINERS)]
    return [(names[i % CONTAINERS], [program, str(BUSY_US)]) for i, program in enumerate(programs)]


LOADS = {"idle": idle, "busy": busy, "many": many}


def start(argv, where):
    """In the cgroup from its first instruction."""
    where.mkdir(exist_ok=True)
    return subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=lambda: move(os.getpid(), where))


@contextlib.contextmanager
def running(name, where):
    folder, started = tempfile.mkdtemp(prefix="profound-fleet-"), []
    try:
        for container, argv in LOADS[name](folder):
            started.append(start(argv, where / container if container else where))
        time.sleep(3)
        yield
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(folder)
