# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs profound from outside and checks what holds in every run."""
import collections
import json
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATS_KEYS = {
    "samples": {"expected", "taken", "idle", "lost"},
    "stacks": {"complete", "cut", "distinct"},
    "frames": {"named", "by_fp", "unnamed"},
    "cost": {"cpu_seconds", "kernel_ns_per_sample", "max_rss_bytes", "bpf_memory_bytes", "drained_bytes"},
    "time": {"ready_seconds", "sampled_seconds", "total_seconds"},
}
STATS_PLAIN = {"event", "frequency_hz", "kernel", "version"}


def binary():
    return os.environ.get("PROFOUND") or str(ROOT / "build" / "profound")


def parse_folded(text):
    """Counter of (comm, frame, ..., frame), outermost first. One line per distinct stack, sorted."""
    stacks = collections.Counter()
    lines = text.splitlines()
    for line in lines:
        path, _, count = line.rpartition(" ")
        assert path and count.isdigit() and int(count) > 0, f"no folded line: {line!r}"
        key = tuple(path.split(";"))
        assert key not in stacks, f"a stack on two lines: {line!r}"
        stacks[key] = int(count)
    assert lines == sorted(lines, key=lambda line: line.encode().rpartition(b" ")[0]) or \
        lines == sorted(lines, key=str.encode), "folded lines are not sorted"
    return stacks


def check_identity(stats, folded=None):
    """expected = taken + idle + the sum of lost; taken = what was written."""
    samples = stats["samples"]
    lost = sum(value for value in samples["lost"].values() if value is not None)
    if samples["expected"] is not None:
        assert samples["expected"] == samples["taken"] + samples["idle"] + lost, f"identity: {samples}"
    if folded is not None:
        assert samples["taken"] == sum(folded.values()), \
            f"taken {samples['taken']}, folded {sum(folded.values())}"
    cut = sum(value or 0 for value in stats["stacks"]["cut"].values())
    whole = stats["stacks"]["complete"] + (stats["stacks"].get("unverified") or 0)
    assert whole + cut == samples["taken"], f"complete + unverified + cut is not taken: {stats['stacks']}"


def check_keys(stats):
    for group, keys in STATS_KEYS.items():
        assert keys <= set(stats[group]), f"--stats lacks {group}.{keys - set(stats[group])}"
    assert STATS_PLAIN <= set(stats), f"--stats lacks {STATS_PLAIN - set(stats)}"


def lost_by_us(stats):
    """Everything that is not the kernel's doing."""
    return {cause: n for cause, n in stats["samples"]["lost"].items()
            if n and cause not in ("not_run", "throttled")}


class Run:
    """What one run left behind."""

    def __init__(self, argv, code, stdout, stderr, folded, stats):
        self.argv, self.code, self.stdout, self.stderr = argv, code, stdout, stderr
        self.folded, self.stats = folded, stats

    def __str__(self):
        return f"{' '.join(self.argv)}\nexit {self.code}\n{self.stderr[-3000:]}"

    def of(self, comm):
        """The stacks of one thread name, without it."""
        return collections.Counter({key[1:]: n for key, n in self.folded.items() if key[0] == comm})

    def comms(self):
        counts = collections.Counter()
        for key, n in self.folded.items():
            counts[key[0]] += n
        return counts


class Recording:
    """A `profound record` that runs beside the test; finish() waits for it and checks what holds always."""

    def __init__(self, argv, folder, before=(), program=None, **popen):
        folder.mkdir(parents=True, exist_ok=True)
        self.folded, self.stats = folder / "out.folded", folder / "stats.json"
        self.argv = [*before, program or binary(), "record", "-o", str(self.folded), "--stats", str(self.stats), *argv]
        self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, **popen)

    def signal(self, number):
        self.popen.send_signal(number)

    def finish(self, timeout=60, code=0):
        try:
            stdout, stderr = self.popen.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            stdout, stderr = self.popen.communicate()
            raise AssertionError(f"profound hangs: {' '.join(self.argv)}\n{stderr.decode()}")
        run = Run(self.argv, self.popen.returncode, stdout, stderr.decode(), None, None)
        if code is not None:
            assert run.code == code, str(run)
        if self.folded.exists():
            run.folded = parse_folded(self.folded.read_text())
        if self.stats.exists():
            run.stats = json.loads(self.stats.read_text())
            check_keys(run.stats)
            check_identity(run.stats, run.folded)
        return run


class Target:
    """A program with a known chain: speaks lines "NAME VALUE"."""

    def __init__(self, argv, **popen):
        self.popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, text=True, **popen)
        self.pid = self.popen.pid
        self.said = []

    def wait_for(self, name):
        for line in self.popen.stdout:
            word, value = line.split()
            self.said.append((word, float(value)))
            if word == name:
                return float(value)
        raise AssertionError(f"target ended before it said {name}: {self.popen.wait()}")

    def finish(self, end=False):
        if end and self.popen.poll() is None:
            self.popen.terminate()
        for line in self.popen.stdout:
            word, value = line.split()
            self.said.append((word, float(value)))
        self.popen.wait(timeout=60)
        self.popen.stdout.close()
        return self.said

    def kill(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()


def user_part(stack):
    """The frames of the user side, outermost first."""
    return tuple(frame for frame in stack if not frame.endswith("_[k]"))


def ends_with(stack, chain):
    """The user side ends in exactly this chain; where the sample interrupted the kernel, below its frames."""
    return user_part(stack)[-len(chain):] == tuple(chain)


def whole(stack):
    return not any(frame.startswith("[truncated") for frame in stack)


def from_start(stack, *chain):
    """From the entry point down to the chain, which may stand anywhere behind it."""
    user = user_part(stack)
    return user[:1] == ("_start",) and any(user[i:i + len(chain)] == chain for i in range(len(user)))


def plain(stack):
    """C++ and Rust names without parameters and return types."""
    return tuple(frame.removeprefix("unsigned long ").split("(")[0] for frame in stack)


def share_of(stacks, good):
    """(share, number, report of the bad ones, most first)."""
    total = sum(stacks.values())
    bad = collections.Counter({stack: n for stack, n in stacks.items() if not good(stack)})
    lines = [f"{n:6} {';'.join(stack)}" for stack, n in bad.most_common(20)]
    return (1 - sum(bad.values()) / total if total else 0.0), total, "\n".join(lines)


def assert_share(stacks, good, least, population):
    share, total, report = share_of(stacks, good)
    assert total >= population, f"only {total} samples of the {population} that the claim needs"
    assert share >= least, f"{share:.4%} of {total} samples, wanted {least:.2%}; bad stacks:\n{report}"


def bare(*argv, timeout=60, **options):
    """Any profound command, as it is: (exit status, stdout, stderr)."""
    done = subprocess.run([binary(), *argv], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
                          **options)
    return done.returncode, done.stdout, done.stderr.decode()


def in_mounts(script):
    """A command prefix: in a mount namespace of its own, which `script` has changed."""
    return ["unshare", "--mount", "sh", "-ec", script + "\nexec \"$@\"", "sh"]


def wait_until(condition, seconds=10, what="condition"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")
