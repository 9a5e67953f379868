# SPDX-License-Identifier: GPL-2.0-or-later
"""record -F 99 -d 5 beside perf, bpftrace, bcc and libbpf-tools on the same work: CPU, memory, ready, slow-down."""
import os
import shutil
import time

from . import load, report, rivals
from .command import Command
from .recording import Recording
from .rivals import HZ, SECONDS


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def timer_floor():
    """
    Nanoseconds that a sample costs before anyone's program does a thing: how much longer the same work takes with an
    empty program at 9,999 Hz, the least of 30 runs each way. None without bpftrace.
    """
    if not shutil.which("bpftrace"):
        return None

    def work():
        started, x = time.thread_time(), 0
        for i in range(500_000):
            x ^= i
        return time.thread_time() - started

    plain = min(work() for _ in range(30))
    empty = Command(["bpftrace", "-e", "profile:hz:9999 { }"])
    time.sleep(2)
    sampled = min(work() for _ in range(30))
    empty.interrupt()
    code, _, _ = empty.finish()
    return max(0.0, (sampled - plain) / (sampled * 9999) * 1e9) if code == 0 else None


def measure_rivals():
    costs = {}
    for name, run in rivals.RIVALS.items():
        cost, why = run()
        report.note(f"{name}: {cost.cpu:.2f} CPU s, {cost.rss / 2**20:.0f} MB" if cost else
                    f"{name}: not measured: {why}")
        if cost:
            costs[name] = cost
    return costs


def cheapest(costs, figure):
    return min(((name, figure(cost)) for name, cost in costs.items()), key=lambda item: item[1], default=None)


def slow_down(ours):
    """What the samples take from a target, and its share of what userspace takes from the machine."""
    floor = timer_floor()
    if floor is None:
        report.unmeasured(f"slow-down of a target at {HZ} Hz, %", "<= 0.3", "no bpftrace")
        return
    sample_ns = median([r.stats["cost"]["kernel_ns_per_sample"] or 0 for r in ours])
    own = median([r.cost.own for r in ours]) / SECONDS / os.cpu_count()
    report.shown("timer floor of an empty program, ns", floor)
    report.at_most(f"slow-down of a target at {HZ} Hz, %", 0.3, 100 * ((sample_ns + floor) * 1e-9 * HZ + own), 2)


def measure():
    with load.four_busy():
        ours = [Recording(HZ, SECONDS).finish() for _ in range(3)]
        costs = measure_rivals()
    ready = min(Recording(HZ, 0.2).finish().stats["time"]["ready_seconds"] for _ in range(20))
    cpu, rss = median([r.cost.cpu for r in ours]), median([r.cost.rss for r in ours])
    report.at_most("CPU s, record and post, everything", 0.2, cpu, 3, cheapest(costs, lambda c: c.cpu))
    if "libbpf-tools" in costs:
        profile = costs["libbpf-tools"].cpu
        report.row("CPU s against libbpf-tools' profile", "<= 1.5 x", f"{cpu:.3f}", cpu <= 1.5 * profile,
                   report.ratio(cpu, ("libbpf-tools", profile)))
    report.at_most("peak RSS, MB", 24, rss / 2**20, 1, cheapest(costs, lambda c: c.rss / 2**20))
    report.at_most("ready, s, the least of 20", 0.06, ready, 3)
    report.shown(f"kernel time of a sample, ns, at {HZ} Hz",
                 median([r.stats["cost"]["kernel_ns_per_sample"] or 0 for r in ours]))
    slow_down(ours)
