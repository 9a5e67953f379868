# SPDX-License-Identifier: GPL-2.0-or-later
"""opentelemetry-ebpf-profiler, the fastest complete rival, where OTEL_PROFILER is the path of its binary.

It is a Go module with its BPF programs in it. In an empty folder, with Go 1.26 (`go install MODULE@VERSION` also wants
the page of the module's name, which not every machine reaches):

    go mod init bench && go mod edit -require=go.opentelemetry.io/ebpf-profiler@v0.0.202633 &&
    go build -mod=mod -o otel-profiler go.opentelemetry.io/ebpf-profiler

It insists on raising RLIMIT_MEMLOCK, which no kernel since 5.11 asks for: without CAP_SYS_RESOURCE it ends at once,
unless it is built with `go mod edit -replace` and a copy of the module whose MaximizeMemlock() (rlimit/rlimit.go) takes
that for an answer. So it was measured here. It also wants tracefs, which it gets in a mount namespace of its own.
"""
import contextlib
import os

import profound

from . import ebpf, sink
from .command import Command

PATH = os.environ.get("OTEL_PROFILER")
NAME = "otel"
WHY = "no OTEL_PROFILER"
TRACEFS = "mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing"
START = 30 # seconds that it may take until it samples


class Failed(Exception):
    pass


@contextlib.contextmanager
def sampling(hz):
    """It runs and samples: the Command."""
    collector = sink.Sink()
    command = Command([*profound.in_mounts(TRACEFS), PATH, "-disable-tls", "-collection-agent",
                       f"127.0.0.1:{collector.port}", "-samples-per-second", hz])
    try:
        if not ebpf.wait_for_samples(command.pid, START):
            raise Failed(f"{PATH} takes no sample")
        yield command
    finally:
        command.interrupt()
        command.finish(timeout=10)
        collector.close()


def cpu_seconds(pid):
    """Of the process and its programs until now."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + ebpf.run_seconds(pid)


def peak_rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
