# SPDX-License-Identifier: GPL-2.0-or-later
"""What a profile costs to encode, made large (encode.c), and how large a real one is: a minute of a busy machine,
beside perf's own file of the same work. A day is 1,440 minutes of services at the rate of an agent."""
import gzip
import json
import re
import shutil
import subprocess

import profound

from . import BUILD, CACHE, CPUS, PROFOUND, ROOT, load, report
from .command import Command

ENCODER = BUILD / "tools/benchmarks/encode"
LOCATIONS, SAMPLES = 200_000, 1_000_000
FORMATS = ("otlp", "pprof")
MB16 = 16 * 2**20
SECONDS, HZ, AGENT_HZ = 60, 99, 19
# Work with many functions: a compiler, an interpreter, programs that live for a moment.
BUSY = ("while :; do gcc -O2 -D_GNU_SOURCE -Iuser -Ibpf -c user/profile/profile.c -o /dev/null; done",
        "while :; do python3 -c 'import json, re; [json.loads(json.dumps({str(i): i})) or re.sub(\"1\", \"2\", str(i)) "
        "for i in range(99999)]'; done",
        "while :; do find /usr/lib -type f | xargs -n 9 true; done")
# Processes that stay, as services do: the same functions all day.
SERVICES = ("exec python3 -c 'import json, re\nwhile True: [json.loads(json.dumps({str(i): i})) or re.sub(\"1\", \"2\","
            " str(i)) for i in range(9999)]'",
            "exec perl -e 'while (1) { my %seen; $seen{$_ % 97}++ for sort map { $_ * 7 % 1000 } 0 .. 5000; }'",
            "while :; do gzip -9c /usr/bin/python3 > /dev/null; done")


def formats_known():
    return profound.bare("list", "formats")[1].decode()


def measure_made(name):
    done = subprocess.run([ENCODER, name, str(LOCATIONS), str(SAMPLES)], stdout=subprocess.PIPE, text=True, check=True)
    said = {key: float(value) for key, value in re.findall(r"(\w+) ([0-9.]+)", done.stdout)}
    report.note(f"{name}: {LOCATIONS} locations, {said['stacks']:.0f} stacks, {SAMPLES} samples: "
                f"{said['bytes'] / 1e6:.1f} MB in {1000 * said['seconds']:.0f} ms of CPU")
    milliseconds, times = 1000 * said["seconds"] * MB16 / said["bytes"], said["peak_bytes"] / said["bytes"]
    if name == "otlp":
        report.at_most("OTLP: CPU ms a 16 MB of output", 25, milliseconds, 1)
        report.at_most("OTLP: peak memory, times the output", 1.2, times, 2)
    else:
        report.shown(f"{name}: CPU ms a 16 MB of output", milliseconds, 1)
        report.shown(f"{name}: peak memory, times the output", times, 2)


def gzipped(path):
    return len(gzip.compress(path.read_bytes(), 6))


def busy(scripts=BUSY):
    return load.running([["sh", "-c", f"cd {ROOT}; {script}"] for script in scripts])


def record(hz, scripts, *paths):
    """Samples of a minute."""
    stats = CACHE / "encode.json"
    outputs = [argument for path in paths for argument in ("-o", path)]
    with busy(scripts):
        code, text, _ = Command([PROFOUND, "record", "-F", hz, "-d", SECONDS, *outputs, "--stats", stats]).finish(
            timeout=SECONDS + 60)
    assert code == 0, text
    return json.loads(stats.read_text())["samples"]["taken"]


def perf_bytes_a_sample():
    """Of perf.data with stacks by frame pointer, gzipped; None without perf."""
    data = CACHE / "encode.perf.data"
    if not shutil.which("perf"):
        return None
    try:
        with busy():
            _, text, _ = Command(["perf", "record", "-a", "-F", HZ, "-e", "cpu-clock", "-g", "-o", data, "--", "sleep",
                                  SECONDS]).finish(timeout=SECONDS + 60)
        said = re.search(r"\((\d+) samples\)", text)
        return gzipped(data) / int(said.group(1)) if said else None
    finally:
        data.unlink(missing_ok=True)


def measure_real():
    otlp, pprof = CACHE / "encode.otlp", CACHE / "encode.pb.gz"
    with_pprof = "pprof" in formats_known()
    taken = record(HZ, BUSY, otlp, *([pprof] if with_pprof else []))
    perf = perf_bytes_a_sample()
    report.note(f"{SECONDS} s at {HZ} Hz: {taken} samples, {otlp.stat().st_size} bytes, gzip {gzipped(otlp)}")
    report.at_most(f"OTLP: bytes a sample, gzip, {SECONDS} s at {HZ} Hz", 35, gzipped(otlp) / taken, 1,
                   ("perf.data, gzip", perf) if perf else None)
    if with_pprof:
        report.shown(f"pprof: bytes a sample, {SECONDS} s at {HZ} Hz", pprof.stat().st_size / taken, 1)
    taken = record(AGENT_HZ, SERVICES, otlp)
    report.note(f"{SECONDS} s at {AGENT_HZ} Hz: {taken} samples, gzip {gzipped(otlp)} bytes")
    report.at_most(f"OTLP: MB a day at {AGENT_HZ} Hz, {len(CPUS)} CPUs busy with services, gzip", 50 * len(CPUS),
                   gzipped(otlp) * 86400 / SECONDS / 1e6, 1)


def measure():
    if ENCODER.exists():
        for name in FORMATS:
            if name in formats_known():
                measure_made(name)
    else:
        report.unmeasured("OTLP: CPU ms a 16 MB of output", "<= 25", f"no {ENCODER.name}: make bench builds it")
    measure_real()
