# SPDX-License-Identifier: GPL-2.0-or-later
"""A real OpenTelemetry Collector takes our profiles and hands on what it was given."""
import subprocess
import sys

import pytest
from opentelemetry.proto.profiles.v1development import profiles_pb2

import otlp_file
import peers

CHAIN = ("main", "alpha", "bravo", "charlie", "delta", "spin")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, build):
    """A recording of a known chain, as OTLP and folded."""
    import profound
    folder = tmp_path_factory.mktemp("recorded")
    chain = subprocess.Popen([build("chain"), "60"], stdout=subprocess.DEVNULL)
    try:
        otlp = folder / "x.otlp"
        run = profound.Recording(["-p", str(chain.pid), "-F", "499", "-d", "2", "-o", str(otlp)], folder).finish()
    finally:
        chain.kill()
        chain.wait()
    assert sum(run.of("chain").values()) > 300
    return otlp, run


def totals(requests):
    return sum(value for data in requests for resource in data.resource_profiles for scope in resource.scope_profiles
               for profile in scope.profiles for sample in profile.samples for value in sample.values)


def spoken(data):
    """Every stack with its count and names, however the dictionary is numbered."""
    strings, found = data.dictionary.string_table, {}
    for resource in data.resource_profiles:
        for scope in resource.scope_profiles:
            for profile in scope.profiles:
                for sample in profile.samples:
                    stack = data.dictionary.stack_table[sample.stack_index]
                    names = tuple(strings[data.dictionary.function_table[line.function_index].name_strindex]
                                  for location in stack.location_indices
                                  for line in data.dictionary.location_table[location].lines)
                    found[names] = found.get(names, 0) + sum(sample.values)
    return found


@pytest.mark.parametrize("scheme, compress", [("http", False), ("http", True), ("grpc", False), ("grpc", True)])
def test_a_file_is_a_request(collector, recorded, scheme, compress):
    """The bytes of a .otlp file, sent by somebody else's client."""
    otlp, run = recorded
    address = collector.http if scheme == "http" else collector.grpc
    subprocess.run([sys.executable, peers.HERE / "send.py", f"{scheme}://{address}", otlp, *["gzip"] * compress],
                   check=True, timeout=60)
    got = profiles_pb2.ProfilesData.FromString(collector.requests()[0])
    sent = otlp_file.File(otlp)
    assert spoken(got) == spoken(sent.data)
    assert totals([got]) == run.stats["samples"]["taken"]
    assert sum(count for names, count in spoken(got).items() if names[:6] == CHAIN[::-1]) > 300
