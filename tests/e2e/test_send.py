# SPDX-License-Identifier: GPL-2.0-or-later
"""Sending by OTLP: to receivers that accept, refuse, hang and break, over HTTP and gRPC. What they answer is asserted by
what was asked of them and what is said, never by times. make_sent sends a made profile as `profound record` sends its
own."""
import gzip
import os
import pathlib
import signal
import subprocess
import time

import grpc
import pytest

import otlp_file
import profound
import receivers
from receivers import HANG, PLAIN, PROTOBUF, RESET, accepted, samples_of, status, total_of

OK = (200, PROTOBUF, accepted())
SAMPLES, TOTAL = 90, 180


@pytest.fixture
def http():
    yield from started(receivers.Http)


@pytest.fixture
def grpc_server():
    yield from started(receivers.Grpc)


def started(kind):
    running = []

    def start(*answers, **options):
        running.append(kind(*answers, **options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


class Sent:
    def __init__(self, done, folder):
        self.code, self.stderr, self.folder = done.returncode, done.stderr.decode(), folder

    def kept(self):
        return sorted(self.folder.glob("profound-*.otlp"))

    def __str__(self):
        return f"exit {self.code}\n{self.stderr}"


@pytest.fixture
def send(make_sent, tmp_path):
    """send("otlp+http://...", OTEL_...="value") sends a made profile from a folder of its own."""
    folder = tmp_path / "sent"
    folder.mkdir()

    def run(*outputs, samples=SAMPLES, size=8, more=(), timeout=60, **variables):
        argv = [make_sent, str(samples), str(size), *(word for one in outputs for word in ("-o", one)), *more]
        settings = {f"OTEL_EXPORTER_OTLP_{key}": str(value) for key, value in variables.items()}
        return Sent(subprocess.run(argv, cwd=folder, env={**PLAIN, **settings}, stdin=subprocess.DEVNULL,
                                   capture_output=True, timeout=timeout), folder)

    return run


def assert_sent(sent, server, total=TOTAL, samples=SAMPLES, requests=1):
    assert sent.code == 0, str(sent)
    accepted_ones = server.requests[-requests:]
    assert sum(samples_of(accepted_ones)) == samples and total_of(accepted_ones) == total
    plural = "" if requests == 1 else "s"
    assert f"sent     {total:,} samples in {requests} request{plural} to " in sent.stderr
    assert sent.kept() == []


def assert_kept(sent, total=TOTAL, samples=SAMPLES):
    """It failed, in one line, and what was collected is in a file."""
    assert sent.code == 1, str(sent)
    assert "sent  " not in sent.stderr
    last = sent.stderr.splitlines()[-1]
    assert last.startswith("profound record: cannot send to otlp+") and f"its {total} samples are in " in last
    [path] = sent.kept()
    assert path.name in last
    profiles = list(otlp_file.File(path).profiles())
    assert sum(len(profile.samples) for _, _, profile in profiles) == samples
    assert sum(sum(sample.values) for _, _, profile in profiles for sample in profile.samples) == total
    return last


def test_http(http, send):
    server = http(OK)
    sent = send(f"otlp+http://127.0.0.1:{server.port}")
    assert_sent(sent, server)
    [request] = server.requests
    assert request.path == receivers.PATH
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["user-agent"].startswith("profound/")
    assert request.headers["content-encoding"] == "gzip"
    assert sent.stderr.endswith(f"to otlp+http://127.0.0.1:{server.port}\n")


def test_grpc(grpc_server, send):
    server = grpc_server(accepted())
    assert_sent(send(f"otlp+grpc://127.0.0.1:{server.port}"), server)
    [request] = server.requests
    assert request.path == receivers.METHOD
    assert request.headers["user-agent"].startswith("profound/")


def test_what_arrives_is_what_the_file_holds(http, send, tmp_path):
    server = http(OK)
    sent = send(f"otlp+http://127.0.0.1:{server.port}", "same.otlp", COMPRESSION="none")
    assert_sent(sent, server)
    (tmp_path / "sent.otlp").write_bytes(server.requests[0].body)
    assert otlp_file.File(tmp_path / "sent.otlp").folded() == otlp_file.File(sent.folder / "same.otlp").folded()


@pytest.mark.parametrize("compression", ["none", "gzip", "GZIP", ""])
def test_compression(http, grpc_server, send, compression):
    over_http, over_grpc = http(OK), grpc_server(accepted())
    for url, server in ((f"otlp+http://127.0.0.1:{over_http.port}", over_http),
                        (f"otlp+grpc://127.0.0.1:{over_grpc.port}", over_grpc)):
        assert_sent(send(url, COMPRESSION=compression), server)
    assert over_http.requests[0].headers.get("content-encoding") == (None if compression == "none" else "gzip")
    if compression != "none":
        assert gzip.decompress(over_http.requests[0].raw) == over_http.requests[0].body


def test_an_empty_body_is_success(http, send):
    """As Pyroscope answers."""
    server = http((200, {}, b""))
    assert_sent(send(f"otlp+http://127.0.0.1:{server.port}"), server)


@pytest.mark.parametrize("url, path", [
    ("", receivers.PATH), ("/", receivers.PATH), ("/base", "/base" + receivers.PATH),
    ("/base/", "/base" + receivers.PATH), (receivers.PATH, receivers.PATH)])
def test_the_path_is_appended(http, send, url, path):
    server = http(OK)
    assert_sent(send(f"otlp+http://127.0.0.1:{server.port}{url}"), server)
    assert server.requests[0].path == path


@pytest.mark.parametrize("variable, url, path", [
    ("ENDPOINT", "/", receivers.PATH), ("ENDPOINT", "/base/", "/base" + receivers.PATH),
    ("PROFILES_ENDPOINT", "", "/"), ("PROFILES_ENDPOINT", "/own?x=1", "/own?x=1")])
def test_endpoint_of_the_environment(http, send, variable, url, path):
    server = http(OK)
    assert_sent(send("otlp", **{variable: f"http://127.0.0.1:{server.port}{url}"}), server)
    assert server.requests[0].path == path


def test_the_signals_variable_wins(http, send):
    server, other = http(OK), http(OK)
    sent = send("otlp", ENDPOINT=f"http://127.0.0.1:{other.port}", HEADERS="a=other", COMPRESSION="gzip",
                PROFILES_ENDPOINT=f"http://127.0.0.1:{server.port}/x", PROFILES_HEADERS="a=own", PROFILES_COMPRESSION="none")
    assert_sent(sent, server)
    assert other.requests == []
    assert server.requests[0].headers["a"] == "own" and "content-encoding" not in server.requests[0].headers


def test_protocol_of_the_environment(grpc_server, send):
    server = grpc_server(accepted())
    assert_sent(send("otlp", PROTOCOL="grpc", ENDPOINT=f"http://localhost:{server.port}"), server)
    assert_sent(send("otlp", PROTOCOL="grpc", ENDPOINT=f"localhost:{server.port}", INSECURE="true"), server)


def test_headers(http, grpc_server, send):
    headers = "authorization=Basic%20dXNlcjpwYXNz , X-Scope-OrgID = team%2C1,empty="
    over_http, over_grpc = http(OK), grpc_server(accepted())
    for url, server in ((f"otlp+http://127.0.0.1:{over_http.port}", over_http),
                        (f"otlp+grpc://127.0.0.1:{over_grpc.port}", over_grpc)):
        assert_sent(send(url, HEADERS=headers), server)
        got = server.requests[0].headers
        assert got["authorization"] == "Basic dXNlcjpwYXNz" and got["x-scope-orgid"] == "team,1" and got["empty"] == ""


def test_no_secret_is_printed(http, send):
    """Neither the URL's password nor a header's value, whether it works or not."""
    server, refusing = http(OK), http((401, {}, b""))
    for port in (server.port, refusing.port, receivers.free_port()):
        sent = send(f"otlp+http://user:secret@127.0.0.1:{port}/p", HEADERS="token=secret", TIMEOUT="200")
        assert "secret" not in sent.stderr and "user" not in sent.stderr
        assert f"otlp+http://127.0.0.1:{port}/p" in sent.stderr
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    for wrong in ("otlp+http://user:secret@127.0.0.1:bad/", "otlp+htp://user:secret@h:1", "http://user:secret@h:1"):
        sent = send(wrong)
        assert sent.code == 2 and "secret" not in sent.stderr, str(sent)


# TLS

@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_https(http, send, certificates, host):
    server = http(OK, context=receivers.https_context(certificates))
    assert_sent(send(f"otlp+https://{host}:{server.port}", CERTIFICATE=certificates / "ca.pem"), server)


def test_grpcs(grpc_server, send, certificates):
    server = grpc_server(accepted(), credentials=receivers.grpc_credentials(certificates))
    sent = send(f"otlp+grpcs://localhost:{server.port}", PROFILES_CERTIFICATE=certificates / "ca.pem")
    assert_sent(sent, server)
    assert_sent(send("otlp", PROTOCOL="grpc", ENDPOINT=f"localhost:{server.port}",
                     CERTIFICATE=certificates / "ca.pem"), server)


@pytest.mark.parametrize("scheme", ["otlp+https", "otlp+grpcs"])
def test_client_certificate(http, grpc_server, send, certificates, scheme):
    server = http(OK, context=receivers.https_context(certificates, client_too=True)) if scheme == "otlp+https" else \
        grpc_server(accepted(), credentials=receivers.grpc_credentials(certificates, client_too=True))
    url, ca = f"{scheme}://localhost:{server.port}", certificates / "ca.pem"
    assert_sent(send(url, CERTIFICATE=ca, CLIENT_CERTIFICATE=certificates / "client.pem",
                     CLIENT_KEY=certificates / "client.key"), server)
    assert_kept(send(url, CERTIFICATE=ca, TIMEOUT="200"))
    assert len(server.requests) == 1


@pytest.mark.parametrize("scheme", ["otlp+https", "otlp+grpcs"])
def test_a_certificate_that_nobody_vouches_for(http, grpc_server, send, certificates, scheme):
    server = http(OK, context=receivers.https_context(certificates)) if scheme == "otlp+https" else \
        grpc_server(accepted(), credentials=receivers.grpc_credentials(certificates))
    last = assert_kept(send(f"{scheme}://localhost:{server.port}"))
    assert "certificate" in last and "OTEL_EXPORTER_OTLP_CERTIFICATE" in last and "tried" not in last
    assert server.requests == []


# Answers that ask for another try, and others

@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_http_is_tried_again(http, send, code):
    server = http((code, PROTOBUF, status("not now")), (code, {"Retry-After": "0"}, b""), OK)
    sent = send(f"otlp+http://127.0.0.1:{server.port}")
    assert_sent(sent, server)
    assert len(server.requests) == 3
    assert len({request.body for request in server.requests}) == 1
    assert f"HTTP {code}: not now; trying again, for " in sent.stderr


def test_retry_after_is_waited_for(http, send):
    server = http((429, {"Retry-After": "1"}, b""), OK)
    began = time.monotonic()
    assert_sent(send(f"otlp+http://127.0.0.1:{server.port}"), server)
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("after", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_delay_past_the_end_is_not_waited_for(http, send, after):
    server = http((503, {"Retry-After": after, "Content-Type": "text/plain"}, b"closed for today"))
    last = assert_kept(send(f"otlp+http://127.0.0.1:{server.port}", timeout=30))
    assert len(server.requests) == 1 and "HTTP 503: closed for today" in last


@pytest.mark.parametrize("code, advice", [
    (400, ""), (401, "OTEL_EXPORTER_OTLP_HEADERS"), (403, "OTEL_EXPORTER_OTLP_HEADERS"), (404, "profiles pipeline"),
    (413, "4 MiB"), (415, ""), (500, ""), (501, "")])
def test_http_is_not_tried_again(http, send, code, advice):
    server = http((code, PROTOBUF, status("no\tgood\x1b[31m")))
    last = assert_kept(send(f"otlp+http://127.0.0.1:{server.port}"))
    assert len(server.requests) == 1
    assert f"HTTP {code}: no good [31m" in last and advice in last


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_are_not_followed(http, send, code):
    other = http(OK)
    server = http((code, {"Location": f"http://127.0.0.1:{other.port}{receivers.PATH}"}, b""))
    last = assert_kept(send(f"otlp+http://127.0.0.1:{server.port}", HEADERS="token=secret"))
    assert "redirects are not followed" in last and other.requests == [] and len(server.requests) == 1


RETRYABLE = ["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"]
FINAL = ["UNKNOWN", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "FAILED_PRECONDITION",
         "UNIMPLEMENTED", "INTERNAL", "UNAUTHENTICATED", "RESOURCE_EXHAUSTED"]


@pytest.mark.parametrize("name", RETRYABLE)
def test_grpc_is_tried_again(grpc_server, send, name):
    server = grpc_server((grpc.StatusCode[name], "not now"), accepted())
    sent = send(f"otlp+grpc://127.0.0.1:{server.port}")
    assert_sent(sent, server)
    assert len(server.requests) == 2
    assert f"gRPC {name}: not now; trying again, for " in sent.stderr


@pytest.mark.parametrize("name", FINAL)
def test_grpc_is_not_tried_again(grpc_server, send, name):
    server = grpc_server((grpc.StatusCode[name], "no 100 % good: ü"))
    last = assert_kept(send(f"otlp+grpc://127.0.0.1:{server.port}"))
    assert len(server.requests) == 1
    assert f"gRPC {name}: no 100 % good: ü" in last


@pytest.mark.parametrize("name", ["RESOURCE_EXHAUSTED", "UNAVAILABLE"])
def test_retry_info(grpc_server, send, name):
    server = grpc_server((grpc.StatusCode[name], "slowly", status("slowly", retry_seconds=1)), accepted())
    began = time.monotonic()
    assert_sent(send(f"otlp+grpc://127.0.0.1:{server.port}"), server)
    assert len(server.requests) == 2 and time.monotonic() - began >= 1


def test_partial_success(http, grpc_server, send):
    for server, url in ((http((200, PROTOBUF, accepted(3, "too\nold"))), "otlp+http"),
                        (grpc_server(accepted(3, "too\nold")), "otlp+grpc")):
        sent = send(f"{url}://127.0.0.1:{server.port}")
        assert_sent(sent, server)
        assert len(server.requests) == 1
        assert f"{url}://127.0.0.1:{server.port} rejected 3 profiles: too old\n" in sent.stderr


def test_a_remark(http, send):
    server = http((200, PROTOBUF, accepted(0, "use v1 soon")))
    sent = send(f"otlp+http://127.0.0.1:{server.port}", more=["-q"])
    assert sent.code == 0 and sent.stderr == \
        f"profound record: otlp+http://127.0.0.1:{server.port} remarks: use v1 soon\n"


# Receivers that are no good

def test_nobody_listens(send):
    for scheme in ("otlp+http", "otlp+grpc"):
        port = receivers.free_port()
        sent = send(f"{scheme}://127.0.0.1:{port}", TIMEOUT="300")
        last = sent.stderr.splitlines()[-1]
        assert sent.code == 1 and f"cannot send to {scheme}://127.0.0.1:{port}" in last
        assert "Failed to connect" in last and "is the name right, and does a receiver of this protocol listen there?" in last
        assert len(sent.kept()) == 1
        sent.kept()[0].unlink()


def test_it_comes_back(http, send):
    """A connection that breaks without an answer is tried again."""
    server = http(RESET, RESET, OK)
    assert_sent(send(f"otlp+http://127.0.0.1:{server.port}"), server)
    assert len(server.requests) == 3


def test_it_never_answers(http, send):
    server = http(HANG)
    last = assert_kept(send(f"otlp+http://127.0.0.1:{server.port}", TIMEOUT="150"))
    assert "timed out" in last and len(server.requests) >= 1


def test_too_much_of_an_answer(http, send):
    for code in (200, 500):
        server = http((code, {"Content-Type": "text/plain"}, b"x" * (1 << 20)))
        sent = send(f"otlp+http://127.0.0.1:{server.port}")
        assert sent.code == 1 and len(server.requests) == 1, str(sent)
        assert len(sent.stderr) < 2000


def test_an_answer_that_is_none(http, send):
    for answer in ((200, PROTOBUF, b"\xff\xff\xff"), (200, {"Content-Type": "text/html"}, b"<html>Welcome</html>")):
        server = http(answer)
        sent = send(f"otlp+http://127.0.0.1:{server.port}")
        assert_sent(sent, server)
        assert "remarks: accepted, with an answer that is no ExportProfilesServiceResponse" in sent.stderr


def test_grpc_to_a_server_without_http2(http, send):
    server = http(OK)
    last = assert_kept(send(f"otlp+grpc://127.0.0.1:{server.port}", TIMEOUT="200"))
    assert server.requests == [] and "cannot send" in last


def test_other_outputs_are_written_all_the_same(send, http):
    server = http(OK)
    sent = send(f"otlp+http://127.0.0.1:{receivers.free_port()}", f"otlp+http://127.0.0.1:{server.port}", "x.folded",
                TIMEOUT="200")
    assert sent.code == 1 and samples_of(server.requests) == [SAMPLES]
    assert len(profound.parse_folded((sent.folder / "x.folded").read_text())) == SAMPLES
    assert "wrote    x.folded" in sent.stderr and "sent     " in sent.stderr and len(sent.kept()) == 1


def test_sigint_ends_it(make_sent, http, tmp_path):
    """The first one: what is not sent yet is kept."""
    server = http(HANG)
    with subprocess.Popen([make_sent, "90", "8", "-o", f"otlp+http://127.0.0.1:{server.port}"], cwd=tmp_path, env=PLAIN,
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        profound.wait_until(lambda: server.requests, what="a request")
        run.send_signal(signal.SIGINT)
        _, stderr = run.communicate(timeout=20)
    assert run.returncode == 1 and b"was interrupted; its 180 samples are in profound-" in stderr
    assert len(list(tmp_path.glob("profound-*.otlp"))) == 1


def send_and_wait(server, tmp_path, *argv):
    """A recording whose sending waits for an answer."""
    words = [str(word) for word in argv]
    return subprocess.Popen([profound.binary(), "record", "-q", *words, "-o", f"otlp+http://127.0.0.1:{server.port}"],
                            cwd=tmp_path, env=PLAIN, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_sigterm_ends_sending(target, http, tmp_path):
    """It is blocked since sampling began; whoever stops a service waits for it."""
    server = http(HANG)
    with send_and_wait(server, tmp_path, "-p", target("chain", 30).pid, "-d", "1") as run:
        profound.wait_until(lambda: server.requests, 20, "a request")
        run.send_signal(signal.SIGTERM)
        _, stderr = run.communicate(timeout=8)
    assert run.returncode == 1 and b"was interrupted; its " in stderr
    assert len(list(tmp_path.glob("profound-*.otlp"))) == 1


def test_second_sigint_gives_up_sending(target, http, tmp_path):
    server = http(HANG)
    with send_and_wait(server, tmp_path, "-p", target("chain", 30).pid) as run:
        time.sleep(1.5)
        run.send_signal(signal.SIGINT)
        profound.wait_until(lambda: server.requests, 20, "a request")
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=8)
    assert run.returncode == 130 and os.listdir(tmp_path) == []


# Large profiles

def test_split_by_samples(http, send):
    server = http(OK)
    sent = send(f"otlp+http://127.0.0.1:{server.port}", samples=40000)
    assert_sent(sent, server, total=79999, samples=40000, requests=3)
    assert max(samples_of(server.requests)) <= 16000


@pytest.mark.parametrize("scheme", ["otlp+http", "otlp+grpc"])
def test_split_by_bytes(http, grpc_server, send, tmp_path, scheme):
    """15 MB of names; grpcio takes 4 MiB a message, as a Collector does."""
    server = http(OK) if scheme == "otlp+http" else grpc_server(accepted(), most=4 << 20)
    sent = send(f"{scheme}://127.0.0.1:{server.port}", samples=15000, size=1000)
    assert_sent(sent, server, total=30000, samples=15000, requests=len(server.requests))
    assert len(server.requests) >= 4
    assert max(len(request.body) for request in server.requests) <= 4 << 20
    folded = []
    for i, request in enumerate(server.requests):
        path = tmp_path / f"{i}.otlp"
        path.write_bytes(request.body)
        folded.append(otlp_file.File(path).folded())
    assert sum(len(one) for one in folded) == len(set().union(*folded)) == 15000


def test_what_is_left_is_kept(http, send):
    """The second of three requests is refused: the first one's samples are not sent twice."""
    server = http(OK, (400, PROTOBUF, status("enough")))
    sent = send(f"otlp+http://127.0.0.1:{server.port}", samples=40000)
    assert sent.code == 1 and len(server.requests) == 2
    first = total_of(server.requests[:1])
    assert f"sent     {first:,} samples in 1 request to" in sent.stderr
    [path] = sent.kept()
    left = otlp_file.File(path)
    assert sum(sum(sample.values) for _, _, profile in left.profiles() for sample in profile.samples) == 79999 - first


def test_a_sample_larger_than_a_request(http, send):
    """The others are sent; it ends."""
    server = http(OK)
    sent = send(f"otlp+http://127.0.0.1:{server.port}", samples=3, size=5 << 20)
    assert sent.code == 1 and server.requests == []
    assert "cannot send 3 stacks to" in sent.stderr and len(sent.kept()) == 1


# Wrong usage

@pytest.mark.parametrize("url, said", [
    ("otlp+htp://h:1", "unknown scheme 'otlp+htp'; did you mean otlp+http?"),
    ("otlp+udp://h:1", "unknown scheme 'otlp+udp'"),
    ("otlp+http://", "no host"), ("otlp+http://:4318", "no host"), ("otlp+http://h:0", "a port is"),
    ("otlp+http://h:65536", "a port is"), ("otlp+http://h:x", "a port is"), ("otlp+http://::1:4318", "in brackets"),
    ("otlp+http://[::1:4318", "bracket"), ("otlp+http://h h:1", "%XX"), ("otlp+http://h:1/#x", "#"),
    ("otlp+http://h:1/?x", "no query"), ("otlp+grpc://h:1/path", "a path of its own"),
    ("http://localhost:4318", "otlp+http://"), ("otlp+http://" + "h" * 3000, "at most")])
def test_wrong_urls(send, url, said):
    sent = send(url)
    assert sent.code == 2 and said in sent.stderr, str(sent)
    assert sent.stderr.startswith("profound record: -o") and len(sent.stderr.splitlines()) == 1


@pytest.mark.parametrize("variables, said", [
    ({"PROTOCOL": "http/json"}, "OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' is not spoken here"),
    ({"ENDPOINT": "localhost:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' begins neither"),
    ({"PROFILES_ENDPOINT": "http://h:x"}, "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT: 'http://h:x': a port is"),
    ({"TIMEOUT": "10s"}, "OTEL_EXPORTER_OTLP_TIMEOUT: '10s' is no number of milliseconds"),
    ({"PROFILES_TIMEOUT": "-1"}, "OTEL_EXPORTER_OTLP_PROFILES_TIMEOUT: '-1'"),
    ({"COMPRESSION": "zstd"}, "OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' is neither gzip nor none"),
    ({"HEADERS": "a=1,secret"}, "OTEL_EXPORTER_OTLP_HEADERS: pair 2 of NAME=VALUE,NAME=VALUE: it is no NAME=VALUE"),
    ({"HEADERS": "a=%0d%0asecret"}, "OTEL_EXPORTER_OTLP_HEADERS: pair 1"),
    ({"PROTOCOL": "grpc", "ENDPOINT": "h:1", "INSECURE": "1"}, "OTEL_EXPORTER_OTLP_INSECURE: '1' is neither"),
    ({"ENDPOINT": "https://h:1", "CERTIFICATE": "/no/such.pem"}, "cannot read '/no/such.pem'")])
def test_wrong_variables(send, variables, said):
    sent = send("otlp", **variables)
    assert sent.code == 1 and said in sent.stderr and "secret" not in sent.stderr, str(sent)
    assert sent.stderr.startswith("profound record: OTEL_") and len(sent.stderr.splitlines()) == 1


def test_a_format_of_what_is_sent(tmp_path):
    for argv, code in ((["-o", "otlp+http://localhost:4318", "--format", "html"], 2), (["-o", "otlp", "--format", "html"], 0)):
        done = profound.bare("record", "-d", "0.1", *argv, cwd=tmp_path)
        assert done[0] == code, done[2]
    assert (tmp_path / "otlp").read_text().startswith("<!DOCTYPE html>")


def test_wrong_usage_is_said_before_sampling():
    for argv, code in ((["-o", "otlp+htp://h:1"], 2), (["-o", "otlp+http://h:x"], 2)):
        assert profound.bare("record", "-d", "20", *argv, timeout=10)[0] == code
    done = profound.bare("record", "-d", "20", "-o", "otlp", timeout=10,
                         env={**PLAIN, "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"})
    assert done[0] == 1 and "OTEL_EXPORTER_OTLP_TIMEOUT" in done[2]


# The real thing

def test_record_sends(target, record, http, tmp_path):
    server = http(OK)
    chain = target("chain", 3)
    run = record("-p", chain.pid, "-d", "2", "-o", f"otlp+http://127.0.0.1:{server.port}")
    assert total_of(server.requests) == sum(run.folded.values()) == run.stats["samples"]["taken"]
    (tmp_path / "sent.otlp").write_bytes(server.requests[0].body)
    assert otlp_file.File(tmp_path / "sent.otlp").folded() == run.folded
    assert "\nsent     " in run.stderr


def test_rejections_past_what_can_be_counted(http, tmp_path):
    """They add up to no more than 2^63 - 1: what a receiver says is hostile."""
    path = tmp_path / "many.folded"
    path.write_text("".join(f"app;main;f{i} 1\n" for i in range(20000)))
    server = http((200, PROTOBUF, accepted(2**63 - 1, "none of it")))
    code, _, stderr = profound.bare("report", path, "-o", f"otlp+http://127.0.0.1:{server.port}", env=PLAIN)
    assert code == 0 and len(server.requests) == 2
    assert f"rejected {2**63 - 1} profiles: none of it" in stderr


def test_report_sends_what_was_kept(send, http):
    """As the message says; what it reads is still there, so it keeps nothing."""
    server = http(OK)
    [path] = send(f"otlp+http://127.0.0.1:{receivers.free_port()}", TIMEOUT="100").kept()
    code, _, stderr = profound.bare("report", path, "-o", f"otlp+http://127.0.0.1:{server.port}", env=PLAIN)
    assert code == 0 and total_of(server.requests) == TOTAL and "sent     180 samples in 1 request to " in stderr
    before = os.listdir(path.parent)
    code, _, stderr = profound.bare("report", path, "-o", f"otlp+http://127.0.0.1:{receivers.free_port()}",
                                    cwd=path.parent, env={**PLAIN, "OTEL_EXPORTER_OTLP_TIMEOUT": "100"})
    assert code == 1 and "profound report: cannot send to" in stderr and os.listdir(path.parent) == before


def test_without_libcurl(make_sent, tmp_path):
    """Said before anything else is done, with the package."""
    hide = "for lib in $(ldconfig -p | sed -n 's/.*=> \\(.*libcurl.*\\)/\\1/p'); do mount --bind /dev/null \"$lib\"; done"
    done = subprocess.run([*profound.in_mounts(hide), make_sent, "90", "8", "-o", "otlp", "-o", "x.folded"], cwd=tmp_path,
                          env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    assert done.returncode == 1 and b"cannot load libcurl.so.4, which sends: install it (Debian: libcurl4)" in done.stderr
    assert os.listdir(tmp_path) == []
