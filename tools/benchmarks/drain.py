# SPDX-License-Identifier: GPL-2.0-or-later
"""At 999 Hz: what is lost, and the bytes that a sample brings to userspace in the steady state, which is what a long
recording has more than a short one: both begin alike, with stacks that nobody knows yet."""
from . import load, report
from .recording import Recording

HZ, SHORT, LONG = 999, 2, 8


def measure():
    with load.four_busy():
        short, long = (Recording(HZ, seconds).finish() for seconds in (SHORT, LONG))
    samples, cost = long.stats["samples"], long.stats["cost"]
    drained = cost["drained_bytes"] - short.stats["cost"]["drained_bytes"]
    report.at_most(f"bytes drained a sample at {HZ} Hz, steady state", 64, drained / (long.taken - short.taken), 1)
    report.shown("the same over a whole recording", cost["drained_bytes"] / long.taken, 1)
    report.at_most(f"samples lost by us at {HZ} Hz", 0, long.lost)
    if samples["expected"]:
        report.shown(f"samples not run by the kernel at {HZ} Hz, %",
                     100 * samples["lost"]["not_run"] / samples["expected"], 2)
    report.shown(f"kernel time of a sample, ns, at {HZ} Hz", cost["kernel_ns_per_sample"])
