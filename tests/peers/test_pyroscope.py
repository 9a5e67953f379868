# SPDX-License-Identifier: GPL-2.0-or-later
"""Grafana Pyroscope takes our pprof and folded files, and answers with our functions and totals."""
import json
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

import profound

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
