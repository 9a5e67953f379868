# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's programs that our output must satisfy: built once into a cache outside the tree, by get-peers.sh.

PROFOUND_PEERS names the cache, else it is profound-peers in the user's. `python3 peers.py NAME...` builds."""
import fcntl
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BUILD_SECONDS = {"collector": 900, "pprof": 300, "speedscope": 120, "pyroscope": 1800, "helm": 600, "schemas": 120,
                 "deploy": 1500}


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME") or "/root", ".cache")
    return pathlib.Path(os.environ.get("PROFOUND_PEERS") or os.path.join(home, "profound-peers"))


class Unbuildable(Exception):
    """A peer that this machine cannot build, and why."""


def build(name):
    """Where the peers are, once this one is among them. What failed to build is not tried again for an hour."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        failure = folder / f".{name}.failed"
        if failure.exists() and time.time() - failure.stat().st_mtime < 3600:
            raise Unbuildable(failure.read_text())
        try:
            done = subprocess.run(["sh", HERE / "get-peers.sh", folder, name], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=BUILD_SECONDS[name])
            said = done.stdout.strip().splitlines()[-1:] or ["it says nothing"]
            why = f"{name} cannot be built here: {said[0]}" if done.returncode else None
        except subprocess.TimeoutExpired:
            why = f"{name} was not built in {BUILD_SECONDS[name]} s"
        if why:
            failure.write_text(why)
            raise Unbuildable(why)
        failure.unlink(missing_ok=True)
    return folder


def built(name):
    """The same for a test, which is skipped where it cannot be built."""
    import pytest # noqa: PLC0415 (this file is a program, too)
    try:
        return build(name)
    except Unbuildable as error:
        pytest.skip(str(error))


class Server:
    """A program that serves until it is stopped."""

    def __init__(self, argv, folder, is_ready):
        import profound  # not there when this file is run to build
        self.log = folder / "log"
        with open(self.log, "w") as log:
            self.popen = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        profound.wait_until(lambda: self.popen.poll() is not None or is_ready(), 60, f"{argv[0]} that is ready")
        assert self.popen.poll() is None, self.log.read_text()[-3000:]

    def stop(self):
        self.popen.terminate()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=2).status == 200
    except (urllib.error.URLError, OSError):
        return False


class Pyroscope(Server):
    def __init__(self, peers, folder):
        self.url = "http://127.0.0.1:4040"
        super().__init__([peers / "bin/pyroscope", f"-config.file={HERE / 'pyroscope.yaml'}"], folder,
                         lambda: answers(f"{self.url}/ready"))


if __name__ == "__main__":
    for peer in sys.argv[1:]:
        try:
            print(f"{peer}: in {build(peer)}")
        except Unbuildable as error:
            print(error)
