# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets and recordings, for tests/e2e and tests/peers."""
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

import profound
import programs


@pytest.fixture(scope="session")
def build():
    """build("chain") is the path of a target, compiled once, where every user can run it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="profound-targets-"))
    folder.chmod(0o755)

    def builder(name):
        path = folder / name
        if not path.exists():
            programs.compile_to(name, path)
        return path

    yield builder
    shutil.rmtree(folder)


def remove_perf_map(pid):
    """What a runtime leaves behind is found by the next process of that pid."""
    path = pathlib.Path(f"/tmp/perf-{pid}.map")
    if path.is_file() or path.is_symlink():
        path.unlink()


@pytest.fixture
def target(build):
    """target("chain", 10) starts it (or the program at a path); whatever still runs at the end of the test is killed."""
    started = []

    def starter(name, *args, before=(), **popen):
        one = profound.Target([*before, build(name) if isinstance(name, str) else name, *args], **popen)
        started.append(one)
        return one

    yield starter
    for one in started:
        one.kill()
        remove_perf_map(one.pid)


@pytest.fixture
def start(tmp_path):
    """start("-p", pid) begins a recording beside the test."""
    numbers, started = itertools.count(), []

    def starter(*argv, **popen):
        recording = profound.Recording([str(a) for a in argv], tmp_path / f"run{next(numbers)}", **popen)
        started.append(recording)
        return recording

    yield starter
    for recording in started:
        if recording.popen.poll() is None:
            recording.popen.kill()
            recording.popen.wait()


@pytest.fixture
def record(start):
    """record("-p", pid, "-d", 5) records to the end and hands back a profound.Run."""
    def runner(*argv, code=0, timeout=90, **popen):
        return start(*argv, **popen).finish(timeout=timeout, code=code)

    return runner


@pytest.fixture
def record_while(start):
    """Records a running target to its own end: as many samples as it has CPU time, however busy the machine."""
    def runner(target, *argv, code=0, **popen):
        recording = start("-p", target.pid, *argv, **popen)
        target.finish()
        recording.signal(signal.SIGINT)
        return recording.finish(code=code)

    return runner


@pytest.fixture(scope="session")
def make_sent():
    """A program that sends a made-up profile."""
    path = pathlib.Path(os.environ.get("O", "build")) / "tests/e2e/make_sent"
    subprocess.run(["make", "-s", path], check=True, cwd=profound.ROOT)
    return profound.ROOT / path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    import receivers  # needs grpc, which few tests do
    return receivers.make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def agent(tmp_path):
    """agent("--store", folder, ...) is one that samples; it is killed when the test is over."""
    import agents  # needs grpc, which few tests do
    running = []

    def starter(*flags, **options):
        running.append(agents.Agent(tmp_path / f"agent{len(running)}.log", *flags, **options))
        return running[-1].wait_until_it_samples()

    yield starter
    for one in running:
        if one.popen.poll() is None:
            one.popen.kill()
            one.popen.wait()
