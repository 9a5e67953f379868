#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
tests/replay/record_python.py [NAME|NAME=PATH...]: records the samples in python/ anew (root, pyenv's CPythons, py-spy; Debian's
unstable suite), or only some of unstable, or of builds that you made yourself: 3.13t=/opt/python3.13t/bin/python3.13t

Each CPython runs the chain of tests/e2e/targets/python_chain.py from a folder below /tmp, and is stopped by SIGSTOP;
`profound debug stack` keeps its stack. NAME.expected is what py-spy says of the same stopped process; of versions that
it does not know, and of your own builds, the chain as it stands in the source, without lines.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import pythons  # noqa: E402

PROFOUND = ROOT / os.environ.get("O", "build") / "profound"
FOLDER = pathlib.Path("/tmp/profound-python")
CHAIN = ["leaf", "key_of", "sort_by_key", "until", "mode_key", "<module>"]


def spy_of(pid):
    path = ROOT / os.environ.get("O", "build") / "venv/bin/py-spy"
    done = subprocess.run([path, "dump", "--nonblocking", "-p", str(pid)], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    frames = re.findall(r"^ +(.*) \((.*):(\d+)\)$", done.stdout, re.MULTILINE)
    return [f"# oracle: {version}", *(f"{name}\t{pathlib.Path(file).name}\t{line}" for name, file, line in frames)]


def expected(python, pid):
    said = spy_of(pid) if python.root is None and not python.name.startswith("own-") else None
    return said or ["# oracle: the chain in the source", *(f"{name}\tpython_chain.py\t-" for name in CHAIN)]


def started(python):
    script = FOLDER / "python_chain.py"
    if python.root is not None:
        return subprocess.Popen([*map(str, python.command(script, FOLDER)), "30", "key"], stdout=subprocess.DEVNULL)
    home = FOLDER / "home"
    home.unlink(missing_ok=True)
    home.symlink_to(python.path.parents[1])
    return subprocess.Popen([home / "bin" / python.path.name, "-I", "-S", script, "30", "key"], stdout=subprocess.DEVNULL,
                            cwd="/", env={"PATH": "/usr/bin"})


def try_once(python, name):
    with started(python) as process:
        time.sleep(1.5)  # debug builds start slowly
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.1)
        done = subprocess.run([PROFOUND, "debug", "stack", str(process.pid), "-o", HERE / "python" / f"{name}.sample"],
                              capture_output=True, text=True, check=True)
        lines = expected(python, process.pid)
        process.kill()
    innermost = re.search(r"^#\d+ (?:\S+\.)?(\w+) \(\S+:\d+\)$", done.stdout, re.MULTILINE)
    if innermost is None or innermost.group(1) != "leaf" or done.stdout.splitlines()[-1] != "complete" or "\tpython_chain.py\t" not in lines[1] or not lines[1].startswith("leaf\t"):
        return False
    (HERE / "python" / f"{name}.expected").write_text("\n".join(lines) + "\n")
    return True


def builds():
    """(name of the sample, interpreter)"""
    if sys.argv[1:]:
        asked = [argument.partition("=") for argument in sys.argv[1:]]
        return [(name, pythons.Python(f"own-{name}", pathlib.Path(path)) if path else pythons.newer(name))
                for name, _, path in asked]
    found = [*map(pythons.of_pyenv, pythons.PYENV), pythons.system()]
    return [(f"{'debian' if python.name.startswith('system') else ''}{'.'.join(map(str, python.version))}", python)
            for python in filter(None, found)] + [(name, pythons.newer(name)) for name in pythons.NEWER]


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o755)
    (HERE / "python").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests/e2e/targets/python_chain.py", FOLDER)
    for name, python in builds():
        assert any(try_once(python, name) for _ in range(20)), python
        print(name, (HERE / "python" / f"{name}.sample").stat().st_size)


main()
