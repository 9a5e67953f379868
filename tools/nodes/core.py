# SPDX-License-Identifier: GPL-2.0-or-later
"""A Collector on a CPU of its own beside a sender on the others, and what it took."""
import contextlib
import multiprocessing
import os
import pathlib
import socket
import tempfile
import threading
import time

import collector
import peers
from benchmarks import load

from . import replay, stream

WARM_SECONDS = 3
TICKS = os.sysconf("SC_CLK_TCK")
# Sent on: without a queue a request is answered when it was sent on, so that nothing is left over at the end.
FORWARD = "otlp_http: {{endpoint: 'http://127.0.0.1:PORT', compression: HOW, sending_queue: {{enabled: false}}}}"
EXPORTERS = {
    **{how: FORWARD.replace("HOW", how) for how in ("gzip", "zstd", "none")},
    "file": collector.FILE,
    "drop": "debug: {{verbosity: basic}}",
}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


class Sink:
    """The back end: answers requests over HTTP/1.1, and counts them and their bytes. In a process of its own, it costs the
    sender little."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.requests, self.bytes = multiprocessing.Value("q"), multiprocessing.Value("q")
        self.process = multiprocessing.get_context("fork").Process(target=self.accept, daemon=True)
        self.process.start()

    def accept(self):
        while True:
            threading.Thread(target=self.serve, args=[self.listener.accept()[0]], daemon=True).start()

    def serve(self, client):
        with client, client.makefile("rb") as lines:
            while line := lines.readline():
                size = 0
                while line.strip():
                    key, _, value = line.partition(b":")
                    size = int(value) if key.lower() == b"content-length" else size
                    line = lines.readline()
                lines.read(size)
                client.sendall(ANSWER)
                with self.bytes.get_lock():
                    self.requests.value += 1
                    self.bytes.value += size

    def stop(self):
        self.process.kill()
        self.listener.close()


class Process:
    """What /proc says of one."""

    def __init__(self, pid):
        self.folder = pathlib.Path(f"/proc/{pid}")

    def cpu_seconds(self):
        fields = (self.folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS  # utime, stime (proc_pid_stat(5): fields 14 and 15)

    def most_bytes(self):
        for line in (self.folder / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise ValueError("no VmHWM")


@contextlib.contextmanager
def running(exporter):
    """(Collector, Sink): the Collector has the last CPU and Go's idea of one core, we and the sink the others."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise RuntimeError("one CPU for the Collector and one for the sender are needed")
    binary = peers.build("collector") / "bin/otelcol-profiles"
    with tempfile.TemporaryDirectory(prefix="profound-fleet-") as folder:
        os.sched_setaffinity(0, cpus[:-1])
        sink = Sink()
        one = collector.Collector(binary, pathlib.Path(folder), exporter=EXPORTERS[exporter].replace("PORT", str(sink.port)),
                                  before=["setsid", "taskset", "-c", str(cpus[-1])], env={**os.environ, "GOMAXPROCS": "1"})
        load.prefer(one.popen.pid)
        try:
            yield one, sink
        finally:
            one.stop()
            sink.stop()


def measure(args):
    requests = replay.encode(stream.Stream(args.dir), args.nodes, whole=True)
    mean = sum(len(request.sent) for request in requests) / len(requests)
    print(f"{len(requests):,} requests of {args.nodes} nodes, {mean:,.0f} bytes gzipped, "
          f"{sum(request.size for request in requests) / len(requests):,.0f} of OTLP, "
          f"{sum(request.profiles for request in requests) / len(requests):.0f} profiles each (mean); "
          f"exporter: {args.exporter}; load average {os.getloadavg()[0]:.1f}")
    with running(args.exporter) as (one, sink):
        url = f"http://127.0.0.1:{one.http}"
        replay.send(requests, url, args.rate, WARM_SECONDS, args.connections)
        process, sunk = Process(one.popen.pid), (sink.requests.value, sink.bytes.value)
        before = process.cpu_seconds()
        sent = replay.send(requests, url, args.rate, args.seconds, args.connections)
        cpu, most = process.cpu_seconds() - before, process.most_bytes()
        came, size = sink.requests.value - sunk[0], sink.bytes.value - sunk[1]
        print(sent)
        print(f"Collector: {100 * cpu / sent.seconds:.0f} % of one core, {most / 1e6:.0f} MB at most; by its CPU time a core "
              f"takes {sent.accepted() / cpu:,.0f} requests/s, {sent.profiles / cpu:,.0f} profiles/s, "
              f"{sent.bytes / cpu / 1e6:.1f} MB/s gzipped, {sent.bare / cpu / 1e6:.1f} MB/s of OTLP")
        if "otlp_http" in EXPORTERS[args.exporter]:
            print(f"back end: {came:,} requests came, {size / max(came, 1):,.0f} bytes each (mean)")
