# SPDX-License-Identifier: GPL-2.0-or-later
"""The BPF programs and maps that a process holds, by the fdinfo of its descriptors: no bpf(2) call, during which the
kernel would skip the very programs that are measured, and nobody else's programs are in it."""
import contextlib
import ctypes
import os
import pathlib
import time

SYS_BPF, BPF_ENABLE_STATS = 321, 32 # x86-64; linux/bpf.h
PROG_TYPE_PERF_EVENT = 7            # linux/bpf.h


@contextlib.contextmanager
def statistics():
    """Run times are counted as long as the descriptor is open."""
    attr = (ctypes.c_uint32 * 32)()
    fd = ctypes.CDLL(None, use_errno=True).syscall(SYS_BPF, BPF_ENABLE_STATS, ctypes.byref(attr), 4)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "BPF statistics")
    try:
        yield
    finally:
        os.close(fd)


def descriptors(pid):
    """{field: value} of each descriptor's fdinfo."""
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").glob("*"):
        with contextlib.suppress(OSError): # closed, or the process ended
            text = path.read_text()
            yield dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def programs(pid):
    """{id: (type, run time in ns, runs)}"""
    return {int(info["prog_id"]): (int(info["prog_type"]), int(info.get("run_time_ns", 0)), int(info.get("run_cnt", 0)))
            for info in descriptors(pid) if "prog_type" in info}


def run_seconds(pid):
    return sum(ns for _, ns, _ in programs(pid).values()) / 1e9


def memory(pid):
    """Bytes of its maps and programs."""
    held = {(info.get("map_id"), info.get("prog_id")): int(info["memlock"]) for info in descriptors(pid)
            if "memlock" in info and ("map_type" in info or "prog_type" in info)}
    return sum(held.values())


def samples(pid):
    """How often the program that perf events enter has run; tail calls are no runs (kernel/bpf/trampoline.c)."""
    return max((runs for kind, _, runs in programs(pid).values() if kind == PROG_TYPE_PERF_EVENT), default=0)


def wait_for_samples(pid, seconds):
    """Until sampling has begun; False when it has not in that time."""
    end = time.monotonic() + seconds
    while not samples(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def steady(pid, seconds):
    """(run time of all its programs a sample in ns, samples) over so many seconds from now."""
    ns, runs = run_seconds(pid) * 1e9, samples(pid)
    time.sleep(seconds)
    ns, runs = run_seconds(pid) * 1e9 - ns, samples(pid) - runs
    return (ns / runs if runs > 0 else 0.0), runs
