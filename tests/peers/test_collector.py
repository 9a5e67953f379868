# SPDX-License-Identifier: GPL-2.0-or-later
"""A real OpenTelemetry Collector takes what is sent, over HTTP and gRPC, with and without gzip and TLS, and its file
exporter writes what the file of the same profile says."""
import os
import pathlib
import subprocess
import sys

import pytest
from opentelemetry.proto.profiles.v1development import profiles_pb2

import peers
import receivers
from collector import Meaning
from receivers import PLAIN


def send(make_sent, folder, *outputs, samples=90, size=8, **variables):
    argv = [make_sent, str(samples), str(size), *(word for one in outputs for word in ("-o", one))]
    settings = {f"OTEL_EXPORTER_OTLP_{key}": str(value) for key, value in variables.items()}
    return subprocess.run(argv, cwd=folder, env={**PLAIN, **settings}, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)


def meaning_of(path):
    return Meaning(profiles_pb2.ProfilesData.FromString(path.read_bytes())).profiles


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_it_gets_what_the_file_holds(start_collector, make_sent, certificates, tmp_path, scheme, compression, tls):
    receiver = start_collector(certificates if tls else None)
    url = f"otlp+{scheme}{'s' if tls else ''}://localhost:{getattr(receiver, scheme)}"
    secrets = {"CERTIFICATE": certificates / "ca.pem", "CLIENT_CERTIFICATE": certificates / "client.pem",
               "CLIENT_KEY": certificates / "client.key"} if tls else {}
    sent = send(make_sent, tmp_path, url, "same.otlp", COMPRESSION=compression, **secrets)
    assert sent.returncode == 0 and f"sent     180 samples in 1 request to {url}\n" in sent.stderr, sent.stderr
    assert "remarks" not in sent.stderr
    [got] = receiver.requests()
    assert without_ids(Meaning(got).profiles) == without_ids(meaning_of(tmp_path / "same.otlp"))


def without_ids(profiles):
    """Each encoding has an id of its own."""
    return {(labels, scope, version, profile[:5] + profile[6:]): n
            for (labels, scope, version, profile), n in profiles.items()}


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_from_the_environment(start_collector, make_sent, tmp_path, protocol):
    receiver = start_collector()
    port = receiver.grpc if protocol == "grpc" else receiver.http
    sent = send(make_sent, tmp_path, "otlp", PROTOCOL=protocol, ENDPOINT=f"http://localhost:{port}")
    assert sent.returncode == 0, sent.stderr
    assert len(receiver.requests()) == 1


@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize("samples, size", [(40000, 8), (15000, 1000)])
def test_many_samples_arrive_whole(start_collector, make_sent, tmp_path, scheme, samples, size):
    """Its gRPC receiver takes messages of 4 MiB."""
    receiver = start_collector()
    sent = send(make_sent, tmp_path, f"otlp+{scheme}://127.0.0.1:{getattr(receiver, scheme)}", samples=samples, size=size)
    assert sent.returncode == 0, sent.stderr
    got = receiver.requests()
    assert f" in {len(got)} requests to " in sent.stderr and len(got) >= 3
    all_samples = [sample for data in got for resource in data.resource_profiles for scope in resource.scope_profiles
                   for profile in scope.profiles for sample in profile.samples]
    assert len(all_samples) == samples
    assert sum(sum(sample.values) for sample in all_samples) == samples // 3 * 6 + samples % 3


def test_a_recording_arrives(start_collector, target, record, tmp_path):
    receiver = start_collector()
    chain = target("chain", 3)
    run = record("-p", chain.pid, "-d", "2", "-o", f"otlp+grpc://127.0.0.1:{receiver.grpc}", "-o", tmp_path / "same.otlp")
    [got] = receiver.requests()
    assert without_ids(Meaning(got).profiles) == without_ids(meaning_of(tmp_path / "same.otlp"))
    assert run.stats["samples"]["taken"] == sum(sum(sample.values) for resource in got.resource_profiles
                                                for scope in resource.scope_profiles for profile in scope.profiles
                                                for sample in profile.samples)


@pytest.mark.parametrize("path, said", [("/nothing/v1development/profiles", "HTTP 404")])
def test_a_wrong_path(start_collector, make_sent, tmp_path, path, said):
    receiver = start_collector()
    sent = send(make_sent, tmp_path, f"otlp+http://127.0.0.1:{receiver.http}{path}")
    assert sent.returncode == 1 and said in sent.stderr and "a Collector needs a profiles pipeline" in sent.stderr
    assert receiver.requests() == []


def test_the_wrong_protocol(start_collector, make_sent, tmp_path):
    """Each port asked in the other's language: an end, and a line that says what came."""
    receiver = start_collector()
    for url in (f"otlp+grpc://127.0.0.1:{receiver.http}", f"otlp+http://127.0.0.1:{receiver.grpc}"):
        sent = send(make_sent, tmp_path, url, TIMEOUT="300")
        assert sent.returncode == 1 and f"cannot send to {url}" in sent.stderr, sent.stderr
        assert "protocol" in sent.stderr.splitlines()[-1]
    assert receiver.requests() == []


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_file_is_a_request(start_collector, make_sent, tmp_path, scheme, compress):
    """The bytes of a .otlp file, sent by somebody else's client."""
    receiver, file = start_collector(), tmp_path / "same.otlp"
    assert send(make_sent, tmp_path, file).returncode == 0
    subprocess.run([sys.executable, peers.HERE / "send.py", f"{scheme}://127.0.0.1:{getattr(receiver, scheme)}", file,
                    *["gzip"] * compress], check=True, timeout=60, env=PLAIN)
    [got] = receiver.requests()
    assert Meaning(got).profiles == meaning_of(file)
