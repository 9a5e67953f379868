# SPDX-License-Identifier: GPL-2.0-or-later
"""Each records the whole machine for SECONDS at HZ and makes readable stacks of it: (Cost, None), or (None, why not)."""
import os
import re
import shutil
import signal

import debian

from . import CACHE
from .command import Command, Cost

SECONDS, HZ = 5, 99


def together(*steps):
    """A record step and its post-processing as one: CPU added, the larger RSS."""
    costs = []
    for argv in steps:
        code, text, cost = Command(argv).finish()
        if code != 0:
            return None, f"{argv[0]}: exit {code}: {text.strip()[-160:]}"
        costs.append(cost)
    return Cost(sum(c.cpu for c in costs), 0, max(c.rss for c in costs)), None


def perf(*how):
    if not shutil.which("perf"):
        return None, "no perf"
    data = CACHE / "perf.data"
    try:
        return together(["perf", "record", "-q", "-a", "-F", HZ, "-e", "cpu-clock", *how, "-o", data, "--",
                         "sleep", SECONDS], ["perf", "script", "-i", data])
    finally:
        data.unlink(missing_ok=True)


def stopped(argv, env=None):
    code, text, cost = Command(argv, env).finish(stop_after=SECONDS + 1)
    if code not in (0, 130, -signal.SIGINT):
        said = next((line for line in text.splitlines() if re.search(r"[Uu]nable|rror", line)), text.strip()[-160:])
        return None, f"exit {code}: {said}"
    return cost, None


def bpftrace():
    if not shutil.which("bpftrace"):
        return None, "no bpftrace"
    script = f"profile:hz:{HZ} {{ @[comm, kstack, ustack] = count(); }}"
    return stopped(["bpftrace", "-e", script], {**os.environ, "BPFTRACE_MAP_KEYS_MAX": "16384"})


def bcc():
    program = shutil.which("profile-bpfcc") or "/usr/sbin/profile-bpfcc"
    if not os.path.exists(program):
        return None, "no profile-bpfcc"
    return stopped([program, "-F", HZ, "-f", SECONDS])


def libbpf_tools():
    """Debian 12's package has no profile; Debian 13's has: unpacked with the C library it wants."""
    release = debian.Release("trixie", CACHE / "libbpf-tools")
    try:
        if not release.is_complete():
            release.update()
            for package in ("libbpf-tools", "libc6", "libelf1t64", "zlib1g", "libzstd1"):
                release.unpack(package)
            release.complete()
    except debian.Unavailable as reason:
        return None, str(reason)
    library = release.root / "usr/lib/x86_64-linux-gnu"
    loader = next(library.glob("ld-linux-x86-64.so.2"), release.root / "usr/lib64/ld-linux-x86-64.so.2")
    return stopped([loader, "--library-path", library, release.root / "usr/sbin/profile-libbpf", "-F", HZ, "-f",
                    SECONDS])


RIVALS = {"perf fp": lambda: perf("-g"), "perf dwarf": lambda: perf("--call-graph", "dwarf"), "bpftrace": bpftrace,
          "bcc": bcc, "libbpf-tools": libbpf_tools}
