# SPDX-License-Identifier: GPL-2.0-or-later
"""BPF time of a sample of code without frame pointers, by the depth of the stack, at 999 Hz. One busy process a CPU, so
that no idle run is in it; the steady state of a recording, seen from outside by ebpf.steady() for everyone alike."""
import contextlib
import shutil
import time

import profound

from . import CPUS, ebpf, load, otel, report
from .command import Command
from .recording import Recording, is_whole

DEPTHS, HZ = (5, 20, 64, 120), 999
AROUND = 5             # bottom, main, the C library's two, _start: the rest is recursion
WARM, WINDOW = 2.5, 4  # seconds
OTEL_WARM = 6          # until it has the tables of a new process


def goal(frames):
    return 1500 + 85 * frames


@contextlib.contextmanager
def deep(frames):
    with load.pinned("bare-deep", len(CPUS), "100000", frames - AROUND) as targets:
        for target in targets:
            load.prefer(target.pid)
        yield


def frames_found(recording):
    """(the median depth of the target's whole user stacks, their share of all samples)"""
    depths = sorted(len(profound.user_part(stack)) for stack, n in recording.of("bare-deep").items()
                    for _ in range(n) if is_whole(stack))
    return depths[len(depths) // 2] if depths else 0, len(depths) / max(recording.taken, 1)


def ours(frames):
    """ns a sample"""
    recording = Recording(HZ, WARM + WINDOW + 0.5)
    load.prefer(recording.pid)
    ebpf.wait_for_samples(recording.pid, 5)
    time.sleep(WARM)
    ns, samples = ebpf.steady(recording.pid, WINDOW)
    found, share = frames_found(recording.finish())
    report.note(f"{frames} frames: {samples} samples; {found} frames found in {100 * share:.1f} % of the recording's "
                f"samples; {recording.stats['cost']['kernel_ns_per_sample']} ns a sample from its start to its end")
    return ns


def theirs():
    """{frames: ns a sample} of the rival"""
    found = {}
    with otel.sampling(HZ) as command:
        load.prefer(command.pid)
        for frames in DEPTHS:
            with deep(frames):
                time.sleep(OTEL_WARM)
                found[frames], samples = ebpf.steady(command.pid, WINDOW)
                report.note(f"{frames} frames: {otel.NAME}: {samples} samples, {found[frames]:.0f} ns")
    return found


def empty():
    """ns that a sample of an empty program takes; None without bpftrace"""
    if not shutil.which("bpftrace"):
        return None
    with deep(DEPTHS[1]):
        command = Command(["bpftrace", "-e", f"profile:hz:{HZ} {{ }}"])
        ebpf.wait_for_samples(command.pid, 10)
        ns, _ = ebpf.steady(command.pid, WINDOW)
        command.interrupt()
        command.finish()
    return ns


def slope(points):
    """ns a frame, by least squares over {frames: ns}"""
    x, y = sum(points) / len(points), sum(points.values()) / len(points)
    return sum((f - x) * (ns - y) for f, ns in points.items()) / sum((f - x) ** 2 for f in points)


def compare(us, rival, why):
    for frames in us:
        name = f"the same against {otel.NAME}, {frames} frames"
        if frames not in rival:
            report.unmeasured(name, "<= 0.2 x", why)
            continue
        times = us[frames] / rival[frames]
        report.row(name, "<= 0.2 x", f"{times:.2f} x", times <= 0.2, f"{rival[frames]:.0f} ns")


def measure():
    us, rival, why, nothing = {}, {}, otel.WHY, empty()
    for frames in DEPTHS:
        with deep(frames):
            us[frames] = ours(frames)
    if otel.PATH:
        try:
            rival = theirs()
        except otel.Failed as reason:
            why = str(reason)
    for frames, ns in us.items():
        report.at_most(f"BPF ns a sample at {HZ} Hz, {frames} frames without FP", goal(frames), ns, 0,
                       ("empty", nothing) if nothing else None)
    report.at_most("slope, BPF ns a frame", 85, slope(us), 1, (otel.NAME, slope(rival)) if rival else None)
    if nothing:
        report.shown("an empty program, BPF ns a sample", nothing)
    compare(us, rival, why)
