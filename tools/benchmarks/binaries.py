# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory, and what it costs, with 200 different binaries busy at once: user memory and BPF maps together."""
import os
import time

from . import CACHE, ebpf, load, made_program, otel, report
from .recording import Recording, is_whole

COUNT, HZ, SECONDS = 200, 99, 12
MB = 2**20


def theirs():
    """(bytes of memory, CPU share of the machine) of the rival after as long a time"""
    with otel.sampling(HZ) as command:
        before = otel.cpu_seconds(command.pid)
        time.sleep(SECONDS)
        share = (otel.cpu_seconds(command.pid) - before) / SECONDS / os.cpu_count()
        maps, rss = ebpf.memory(command.pid), otel.peak_rss(command.pid)
        report.note(f"{otel.NAME}: {rss / MB:.0f} MB of user memory, {maps / MB:.0f} MB of BPF maps")
        return rss + maps, share


def rival():
    if not otel.PATH:
        return None
    try:
        return theirs()
    except otel.Failed as reason:
        report.note(f"{otel.NAME}: not measured: {reason}")
        return None


def measure():
    programs = made_program.compile_all(CACHE / "programs", COUNT)
    with load.running([load.in_one_session(programs)], settle=3):
        ours = Recording(HZ, SECONDS).finish()
        them = rival()
    made = {stack: n for stack, n in ours.stacks.items() if stack[0].startswith("made")}
    seen, samples = len({stack[0] for stack in made}), sum(made.values())
    whole = sum(n for stack, n in made.items() if is_whole(stack[1:])) / max(samples, 1)
    maps = ours.stats["cost"]["bpf_memory_bytes"]
    report.note(f"{seen} of {COUNT} binaries seen in {samples} samples, {100 * whole:.2f} % of them complete; "
                f"{ours.cost.rss / MB:.1f} MB of user memory, {maps / MB:.1f} MB of BPF maps; sideband records lost: "
                f"{ours.stats['notes']['sideband_lost']}")
    report.at_most(f"MB, user and BPF maps, {COUNT} busy binaries", 64, (ours.cost.rss + maps) / MB, 1,
                   (otel.NAME, them[0] / MB) if them else None)
    report.at_most(f"CPU, % of the machine, {COUNT} busy binaries, {HZ} Hz", 0.3,
                   100 * ours.cost.cpu / SECONDS / os.cpu_count(), 2, (otel.NAME, 100 * them[1]) if them else None)
