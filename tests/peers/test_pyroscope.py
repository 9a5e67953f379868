# SPDX-License-Identifier: GPL-2.0-or-later
"""Grafana Pyroscope takes our pprof and folded files, and answers with our functions and totals."""
import json
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

import profound
import receivers
from agents import intervals

pytestmark = pytest.mark.pyroscope
CHAIN = ["main", "alpha", "bravo", "charlie", "delta", "spin"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, build):
    """The pprof file of a known chain, and the run."""
    folder = tmp_path_factory.mktemp("recorded")
    chain = subprocess.Popen([build("chain"), "60"], stdout=subprocess.DEVNULL)
    try:
        run = profound.Recording(["-p", str(chain.pid), "-F", "499", "-d", "2", "-o", str(folder / "x.pb.gz")],
                                 folder).finish()
    finally:
        chain.kill()
        chain.wait()
    assert sum(run.of("chain").values()) > 300
    return folder, run


def ingest(pyroscope, path, name, **query):
    now = int(time.time())
    query = urllib.parse.urlencode({"name": name, "from": now - 10, "until": now, **query})
    request = urllib.request.Request(f"{pyroscope.url}/ingest?{query}", path.read_bytes())
    assert urllib.request.urlopen(request, timeout=30).status == 200


def render(pyroscope, name):
    """(names in the flame graph, its total)."""
    query = urllib.parse.urlencode({
        "query": f'process_cpu:cpu:nanoseconds:cpu:nanoseconds{{service_name="{name}"}}',
        "from": "now-1h", "until": "now", "format": "json"})
    with urllib.request.urlopen(f"{pyroscope.url}/pyroscope/render?{query}", timeout=30) as answer:
        graph = json.load(answer)["flamebearer"]
    return set(graph["names"]), graph["numTicks"]


def test_pprof(pyroscope, recorded):
    folder, run = recorded
    ingest(pyroscope, folder / "x.pb.gz", "by-pprof", format="pprof")
    names, total = render(pyroscope, "by-pprof")
    assert set(CHAIN) <= names
    assert total == pytest.approx(sum(run.folded.values()) * 1e9 / 499, rel=1e-3)


def test_folded(pyroscope, recorded):
    folder, run = recorded
    ingest(pyroscope, folder / "out.folded", "by-folded", format="folded", sampleRate=499)
    names, total = render(pyroscope, "by-folded")
    assert {"chain", *CHAIN} <= names
    assert total == pytest.approx(sum(run.folded.values()) * 1e9 / 499, rel=1e-2)


def test_agent(pyroscope, agent, target, tmp_path):
    """The intervals that an agent sent, as pprof, are a series of Pyroscope: all its samples, and the chain."""
    target("chain", 60).wait_for("begin")
    receiver = receivers.Http((200, receivers.PROTOBUF, receivers.accepted()))
    one = agent("--interval", "2", "-F", "99", "--comm", "chain", "-o", f"otlp+http://127.0.0.1:{receiver.port}")
    one.wait_for_metric('export_requests_total{result="accepted"}', 3)
    one.stop()
    receiver.stop()
    taken = 0
    for i, request in enumerate(receiver.requests):
        path = tmp_path / f"{i}.otlp"
        path.write_bytes(request.body)
        subprocess.run([profound.binary(), "report", path, "-o", tmp_path / f"{i}.pb.gz"], check=True, capture_output=True)
        ingest(pyroscope, tmp_path / f"{i}.pb.gz", "by-agent", format="pprof")
        taken += sum(total for _, _, total in intervals([request]))
    names, total = render(pyroscope, "by-agent")
    assert set(CHAIN) <= names
    assert total == pytest.approx(taken * 1e9 / 99, rel=1e-2)
