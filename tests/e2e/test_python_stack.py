# SPDX-License-Identifier: GPL-2.0-or-later
"""`profound debug stack` of a stopped process has the Python frames that py-spy's dump of it has, line by line."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

import profound
from test_python import CHAIN, TARGETS, installed_python, python  # noqa: F401

MODES = ["functions", "generators", "decorators", "callback", "key", "deep"]


@pytest.fixture
def spy():
    path = pathlib.Path(sys.executable).with_name("py-spy")
    if not path.exists():
        found = shutil.which("py-spy")
        if not found:
            pytest.skip("no py-spy")
        path = found
    return path


def frames_of(text, pattern):
    return [match.groups() for match in map(re.compile(pattern).fullmatch, text.splitlines()) if match]


def ours(pid):
    code, out, said = profound.bare("debug", "stack", str(pid))
    assert code == 0, said
    text = out.decode()
    return frames_of(text, r"#\d+ (.*) \(([^()]*):(\d+)\)"), text


def theirs(spy, pid):
    """Those of the first thread; None: it does not know this version."""
    done = subprocess.run([spy, "dump", "--nonblocking", "--full-filenames", "-p", str(pid)], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        return None, done.stderr
    first = re.split(r"\nThread ", done.stdout)[1]
    frames = frames_of(first, r" +(.*) \((.*):(\d+)\)")
    return [(name, pathlib.Path(file).name, line) for name, file, line in frames], done.stdout


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    profound.wait_until(lambda: pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T",
                        what="SIGSTOP")


@pytest.mark.parametrize("mode", MODES)
def test_equal_to_py_spy(installed_python, spy, target, tmp_path, mode):  # noqa: F811
    command = installed_python.command(TARGETS / CHAIN, tmp_path)
    chain = target(pathlib.Path(command[-1]), "20", mode, before=command[:-1])
    chain.wait_for("begin")
    time.sleep(0.3)
    stop(chain.pid)
    found, text = ours(chain.pid)
    wanted, said = theirs(spy, chain.pid)
    os.kill(chain.pid, signal.SIGCONT)
    assert text.splitlines()[-1] == "complete", text
    if wanted is None:
        pytest.skip(f"py-spy does not know {installed_python}: {said.strip()[-100:]}")
    assert len(found) >= 3 and found == wanted, (found, wanted, text)


def test_whole_without_rival(python, target, tmp_path):  # noqa: F811
    """For versions that py-spy does not know: the chain is known."""
    command = python.command(TARGETS / CHAIN, tmp_path)
    chain = target(pathlib.Path(command[-1]), "20", "key", before=command[:-1])
    chain.wait_for("begin")
    time.sleep(0.3)
    found, text = ours(chain.pid)
    names = [name.rpartition(".")[2] for name, file, _ in found if file == CHAIN]
    assert names[-3:] == ["until", "mode_key", "<module>"] and text.splitlines()[-1] == "complete", text
