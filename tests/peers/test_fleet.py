# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/fleet: an agent's stream that was recorded, replayed as five nodes into a real Collector, is five times what the agent
sent, each with a host of its own, in the times of today."""
import collections
import os
import pathlib
import subprocess
import sys
import time

import receivers
from collector import Meaning
from opentelemetry.proto.profiles.v1development import profiles_pb2

FLEET = pathlib.Path(__file__).resolve().parents[2] / "tools/fleet"
NODES = 5
HOST = ("host.id", "host.name")


def fleet(*argv):
    done = subprocess.run([sys.executable, FLEET, *map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def said(data):
    """(host, when, everything else) of each profile of a request."""
    for labels, scope, version, profile in Meaning(data).profiles.elements():
        host = tuple(value for key in HOST for name, (_, value) in labels if name == key)
        rest = frozenset(pair for pair in labels if pair[0] not in HOST)
        yield host, profile[3], (rest, scope, version, profile[:3], profile[4], profile[6:])


def ids(requests):
    return [profile.profile_id for data in requests for resource in data.resource_profiles
            for scope in resource.scope_profiles for profile in scope.profiles]


def test_one_stream_as_five_nodes(start_collector, target, tmp_path):
    target("chain", 60).wait_for("begin")
    fleet("record", tmp_path / "stream", "--seconds", 7, "--interval", 2, "--freq", 99)
    stored = [receivers.Request("", {"content-encoding": "gzip"}, file.read_bytes()).body
              for file in sorted((tmp_path / "stream").glob("*.otlp.gz"))]
    original = [profiles_pb2.ProfilesData.FromString(body) for body in stored]
    receiver, before = start_collector(), time.time_ns()
    printed = fleet("replay", tmp_path / "stream", "--nodes", NODES, "--endpoint", f"http://127.0.0.1:{receiver.http}")
    assert "not taken: none; profiles rejected: 0;" in printed
    got = receiver.requests()
    assert len(got) == NODES * len(original) and len(original) >= 3

    once = [one for data in original for one in said(data)]
    found = collections.defaultdict(list)
    for data in got:
        for host, when, what in said(data):
            found[host].append((when, what))
    assert len(found) == NODES and len({host_id for host_id, _ in found}) == len({name for _, name in found}) == NODES
    assert not set(found) & {host for host, _, _ in once}
    shifts = set()
    for profiles in found.values():
        assert collections.Counter(what for _, what in profiles) == collections.Counter(what for _, _, what in once)
        shifts.add(min(when for when, _ in profiles) - min(when for _, when, _ in once))
        assert sorted(when for when, _ in profiles) == sorted(when + min(shifts) for _, when, _ in once)
    ends = max(when + what[4] for profiles in found.values() for when, what in profiles)
    assert len(shifts) == 1 and before < ends < time.time_ns()
    assert len(set(ids(got))) == NODES * len(ids(original)) == len(ids(got))


def test_the_rate_is_kept(tmp_path, target):
    target("chain", 60).wait_for("begin")
    fleet("record", tmp_path / "stream", "--seconds", 2.5, "--interval", 1, "--freq", 99)
    receiver, began = receivers.Http(), time.monotonic()
    fleet("replay", tmp_path / "stream", "--nodes", 10, "--rate", 10, "--seconds", 3, "--endpoint",
          f"http://127.0.0.1:{receiver.port}")
    receiver.stop()
    assert 3 <= time.monotonic() - began and len(receiver.requests) == 30
