# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent: memory, all in, and CPU beside 200 busy binaries, under a fork storm, and as it runs by default; asked of its
own metrics, its children's memory of /proc."""
import contextlib
import json
import os
import pathlib
import subprocess
import time
import urllib.request

from . import CACHE, PROFOUND, forks, load, made_program, report

MB = 2**20
COUNT, HZ, BUSY_US = 200, 99, 3000 # of CPU in a second, each
WARM, WINDOW, INTERVAL = 65, 120, 60  # seconds


class Agent:
    def __init__(self, folder, *flags):
        self.log = folder / "agent.log"
        with self.log.open("w") as log:
            self.popen = subprocess.Popen([str(word) for word in (PROFOUND, "agent", "--listen", "127.0.0.1:0", "--log-format",
                                           "json", "--store", folder / "store", *flags)], stderr=log)
        while True:
            started = [json.loads(line) for line in self.log.read_text().splitlines() if '"sampling"' in line]
            if started:
                break
            if self.popen.poll() is not None:
                raise RuntimeError(self.log.read_text())
            time.sleep(0.1)
        self.url = f"http://{started[0]['listen']}/metrics"

    def metrics(self):
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name.removeprefix("profound_"): float(value) for name, _, value in pairs}

    def children_bytes(self):
        """What is theirs alone."""
        total = 0
        with contextlib.suppress(OSError):
            for pid in pathlib.Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text().split():
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Private_Dirty:"):
                        total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        self.popen.terminate()
        self.popen.wait()


@contextlib.contextmanager
def running(*flags):
    with load.folder() as folder:
        agent = Agent(folder, *flags)
        try:
            yield agent
        finally:
            agent.stop()


def lost(values):
    return sum(n for name, n in values.items() if name.startswith("samples_lost_total"))


def watch(agent):
    """(most bytes at once, CPU seconds in a second, share of the samples that are there) of a window."""
    time.sleep(WARM)
    before, started, most = agent.metrics(), time.monotonic(), 0
    while time.monotonic() - started < WINDOW:
        now = agent.metrics()
        most = max(most, now['memory_bytes{kind="heap"}'] + now['memory_bytes{kind="bpf"}'] + agent.children_bytes())
        time.sleep(0.1)
    after, seconds = agent.metrics(), time.monotonic() - started
    taken = after["samples_taken_total"] - before["samples_taken_total"]
    return (most, (after["cpu_seconds_total"] - before["cpu_seconds_total"]) / seconds,
            100 * taken / max(taken + lost(after) - lost(before), 1))


def binaries():
    programs = made_program.compile_all(CACHE / "programs", COUNT)
    with load.running([load.in_one_session(programs, BUSY_US)], settle=3), running("-F", HZ, "--interval", INTERVAL) as agent:
        most, cpu, _ = watch(agent)
    report.at_most(f"MB all in, {COUNT} busy binaries, {HZ} Hz", 64, most / MB, 1)
    report.at_most(f"CPU, % of the machine, {COUNT} busy binaries, {HZ} Hz", 0.3, 100 * cpu / os.cpu_count(), 2)


def storm():
    before, started = forks.forks(), time.monotonic()
    with forks.storm(), running("-F", HZ, "--interval", INTERVAL) as agent:
        most, cpu, share = watch(agent)
    report.note(f"{(forks.forks() - before) / (time.monotonic() - started):.0f} forks/s, {most / MB:.1f} MB")
    report.at_most(f"our CPU, % of one, under these forks, {HZ} Hz", 5, 100 * cpu, 2)
    report.at_least(f"samples reported, %, under these forks, {HZ} Hz", 99, share, 2)


def default():
    with load.running([["gzip", "-c", "/dev/zero"], ["sh", "-c", "while :; do :; done"]]), running() as agent:
        most, cpu, _ = watch(agent)
    report.shown("MB all in, two busy CPUs, 19 Hz", most / MB, 1)
    report.shown("CPU, % of the machine, two busy CPUs, 19 Hz", 100 * cpu / os.cpu_count(), 2)


def measure():
    binaries()
    storm()
    default()
