# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's programs that our output must satisfy: built once into a cache outside the tree, by get-peers.sh.

PROFOUND_PEERS names the cache, else it is profound-peers in the user's. `python3 peers.py NAME...` builds."""
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BUILD_SECONDS = {"collector": 900, "pprof": 300, "speedscope": 120, "pyroscope": 1800}


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


def free_address():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def wait_until(ready, what, seconds=60):
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"{what} is not ready after {seconds} s"
        time.sleep(0.05)


def accepts(address):
    host, port = address.split(":")
    try:
        with socket.create_connection((host, int(port)), 1):
            return True
    except OSError:
        return False


class Server:
    """A program that serves until it is stopped."""

    def __init__(self, argv, folder, env=None):
        self.log = folder / "log"
        with open(self.log, "w") as log:
            self.popen = subprocess.Popen(argv, cwd=folder, env={**os.environ, **(env or {})},
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_for(self, *addresses):
        def ready():
            assert self.popen.poll() is None, self.log.read_text()[-3000:]
            return all(map(accepts, addresses))
        wait_until(ready, self.popen.args[0])

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Collector(Server):
    """An OpenTelemetry Collector with four receivers; requests() is what its file exporter wrote of what came."""

    def __init__(self, peers, folder, certificate, key):
        self.folder, self.file = folder, folder / "got.bin"
        self.grpc, self.http, self.grpcs, self.https = (free_address() for _ in range(4))
        super().__init__([peers / "bin/otelcol-profiles", "--config", HERE / "collector.yaml",
                          "--feature-gates=service.profilesSupport"], folder,
                         {"PROFILES_FILE": str(self.file), "OTLP_GRPC": self.grpc, "OTLP_HTTP": self.http,
                          "OTLPS_GRPC": self.grpcs, "OTLPS_HTTP": self.https, "TLS_CERT": str(certificate),
                          "TLS_KEY": str(key)})
        self.wait_for(self.grpc, self.http, self.grpcs, self.https)

    def requests(self, count=1):
        """The bytes of each request, once there are so many."""
        def read():
            data, found = self.file.read_bytes() if self.file.exists() else b"", []
            while len(data) >= 4 and len(data) >= 4 + struct.unpack(">I", data[:4])[0]:
                size = struct.unpack(">I", data[:4])[0]
                found.append(data[4:4 + size])
                data = data[4 + size:]
            return found
        wait_until(lambda: len(read()) >= count, f"request {count} of the Collector")
        return read()


class Pyroscope(Server):
    def __init__(self, peers, folder):
        super().__init__([peers / "bin/pyroscope", f"-config.file={HERE / 'pyroscope.yaml'}"], folder)
        self.url = "http://127.0.0.1:4040"

        def ready():
            assert self.popen.poll() is None, self.log.read_text()[-3000:]
            try:
                return urllib.request.urlopen(f"{self.url}/ready", timeout=2).status == 200
            except (urllib.error.URLError, OSError):
                return False
        wait_until(ready, "pyroscope")


if __name__ == "__main__":
    for peer in sys.argv[1:]:
        try:
            print(f"{peer}: in {build(peer)}")
        except Unbuildable as error:
            print(error)
