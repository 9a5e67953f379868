# SPDX-License-Identifier: GPL-2.0-or-later
"""Python: BPF time of a sample of 20 Python frames at 999 Hz, and what a program loses to being profiled at 99 Hz, beside
py-spy and cProfile on the same work, in turns."""
import contextlib
import pathlib
import signal
import statistics
import subprocess
import sys
import time


from . import CACHE, CPUS, PROFOUND, ebpf, load, report
from .recording import Recording, is_whole

PYTHON = "/usr/bin/python3"
FRAMES, HZ, SLOW_HZ = 20, 999, 99
WARM, WINDOW = 2.5, 4  # seconds
ROUNDS, CALLS = 7, 1_500_000
DEEP = """
def leaf():
    total = 0
    for i in range(20000):
        total += i ^ 1
def recurse(depth):
    return leaf() if depth == 0 else recurse(depth - 1)
while True:
    recurse(FRAMES - 3)
"""
# Many calls: what cProfile pays for.
WORK = """
import time
def small(i):
    return i ^ 1
def work(n):
    total = 0
    for i in range(n):
        total += small(i)
    return total
work(1000)
begun = time.perf_counter()
for _ in range(12):
    work(CALLS)
print("took", time.perf_counter() - begun, flush=True)
"""


def of_python(stack):
    return sum(frame.endswith("(deep.py)") for frame in stack)


def sample_ns():
    with load.folder() as where:
        (where / "deep.py").write_text(DEEP.replace("FRAMES", str(FRAMES)))
        with load.running([["taskset", "-c", cpu, PYTHON, where / "deep.py"] for cpu in CPUS]) as targets:
            for target in targets:
                load.prefer(target.pid)
            recording = Recording(HZ, WARM + WINDOW + 0.5)
            load.prefer(recording.pid)
            ebpf.wait_for_samples(recording.pid, 5)
            time.sleep(WARM)
            ns, samples = ebpf.steady(recording.pid, WINDOW)
            recording.finish()
    found = sorted(of_python(stack) for stack, n in recording.of("python3").items() for _ in range(n) if is_whole(stack))
    report.note(f"{samples} samples, {found[len(found) // 2] if found else 0} Python frames in the median one")
    return ns


def py_spy():
    """Its path, installed once; None: it cannot be had."""
    path = CACHE / "py-spy" / "bin" / "py-spy"
    if not path.exists():
        steps = ([sys.executable, "-m", "venv", CACHE / "py-spy"],
                 [CACHE / "py-spy" / "bin" / "python3", "-m", "pip", "install", "-q", "py-spy"])
        with contextlib.suppress(OSError):
            for step in steps:
                if subprocess.run(step, capture_output=True, check=False).returncode:
                    return None
    return path if path.exists() else None


def took(where, prefix=(), beside=()):
    """Seconds that the work takes; `beside` watches its pid."""
    command = ["taskset", "-c", CPUS[0], PYTHON, *prefix, where / "work.py"]
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as work:
        watcher = subprocess.Popen([str(word).replace("{pid}", str(work.pid)) for word in beside],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) if beside else None
        said = next(line for line in work.stdout if line.startswith("took "))
        if watcher:
            watcher.send_signal(signal.SIGINT)
            watcher.wait()
        work.stdout.read()
    return float(said.split()[1])


def slow_downs(where):
    """{who: share of its time that the program loses}, medians of ROUNDS turns."""
    spy = py_spy()
    ways = {"nobody": {}, "profound": {"beside": [PROFOUND, "record", "-F", SLOW_HZ, "-d", "60", "-q", "-o",
                                                  where / "out.folded"]},
            "cProfile": {"prefix": ["-m", "cProfile", "-o", where / "out.cprofile"]}}
    if spy:
        ways["py-spy"] = {"beside": [spy, "record", "-r", SLOW_HZ, "-d", "60", "-p", "{pid}", "-f", "raw", "-o",
                                     where / "out.raw"]}
    times = {who: [] for who in ways}
    for _ in range(ROUNDS):
        for who, how in ways.items():
            times[who].append(took(where, **how))
    middle = {who: statistics.median(taken) for who, taken in times.items()}
    report.note("seconds of work: " + ", ".join(f"{who} {seconds:.3f}" for who, seconds in middle.items()))
    return {who: 100 * (seconds / middle["nobody"] - 1) for who, seconds in middle.items()}


def measure():
    if not pathlib.Path(PYTHON).exists():
        report.unmeasured(f"BPF ns a sample at {HZ} Hz, {FRAMES} Python frames", "<= 5000", f"no {PYTHON}")
        return
    report.at_most(f"BPF ns a sample at {HZ} Hz, {FRAMES} Python frames", 5000, sample_ns())
    with load.folder() as where:
        (where / "work.py").write_text(WORK.replace("CALLS", str(CALLS)))
        lost = slow_downs(where)
    report.at_most(f"slow-down of a Python program at {SLOW_HZ} Hz, %", 0.5, lost["profound"], 2)
    for rival in ("py-spy", "cProfile"):
        if rival in lost:
            report.shown(f"the same under {rival}, %", lost[rival], 2)
        else:
            report.unmeasured(f"the same under {rival}, %", "-", "it cannot be installed")
