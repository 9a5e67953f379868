# SPDX-License-Identifier: GPL-2.0-or-later
"""Agents that run, what they say of themselves, and what of their intervals came where they go."""
import json
import signal
import sqlite3
import subprocess
import time
import urllib.request

import profound
from receivers import PLAIN


class Agent:
    def __init__(self, log, *flags, env=(), before=()):
        argv = [*map(str, before), profound.binary(), "agent", "--listen", "127.0.0.1:0", "--log-format", "json", *map(str, flags)]
        self.path = log
        with log.open("w") as stderr:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
                                          env={**PLAIN, **dict(env)})

    def wait_until_it_samples(self):
        profound.wait_until(lambda: self.said("sampling") or self.popen.poll() is not None, 20, "an agent that samples")
        assert self.popen.poll() is None, self.path.read_text()
        return self

    def log(self):
        return [json.loads(line) for line in self.path.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def said(self, message):
        return [line for line in self.log() if line["msg"] == message]

    def get(self, path):
        [line] = self.said("sampling")
        with urllib.request.urlopen(f"http://{line['listen']}{path}", timeout=5) as answer:
            return answer.read().decode()

    def metrics(self):
        found = {}
        for line in self.get("/metrics").splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                found[name.removeprefix("profound_")] = float(value)
        return found

    def metric(self, name):
        return self.metrics()[name]

    def wait_for_metric(self, name, least, seconds=30):
        profound.wait_until(lambda: self.metric(name) >= least, seconds, f"{name} >= {least}")

    def send(self, number):
        self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """How many seconds it took."""
        since = time.monotonic()
        self.popen.send_signal(number)
        assert self.popen.wait(20) == 0, self.path.read_text()
        return time.monotonic() - since


def intervals(requests):
    """(start, duration, samples) of each profile, in seconds, in the order in which they came; each once."""
    found = {}
    for request in requests:
        for resource in request.message().resource_profiles:
            for scope in resource.scope_profiles:
                for one in scope.profiles:
                    start, length = one.time_unix_nano, one.duration_nano
                    total = sum(sum(sample.values) for sample in one.samples)
                    found[start, length] = found.get((start, length), 0) + total
    return [(start / 1e9, length / 1e9, total) for (start, length), total in found.items()]


NO_GAP = 0.2  # seconds: what a machine may take that has other work


def assert_no_gap(found, most=NO_GAP):
    """Each begins where the one before ends."""
    for (start, length, _), (following, _, _) in zip(found, found[1:]):
        assert abs(start + length - following) <= most, found


def rows(store):
    with sqlite3.connect(f"file:{store}/profiles.sqlite?mode=ro", uri=True) as db:
        return db.execute("SELECT start_ns, end_ns, samples FROM profile ORDER BY start_ns").fetchall()
