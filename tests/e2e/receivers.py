# SPDX-License-Identifier: GPL-2.0-or-later
"""Receivers of OTLP profiles that answer what a test wants, over HTTP and gRPC, and keep what they got."""
import concurrent.futures
import contextlib
import gzip
import http.server
import os
import socket
import ssl
import struct
import subprocess
import threading

import grpc
from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2 as service

PATH = "/v1development/profiles"
METHOD = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
PROTOBUF = {"Content-Type": "application/x-protobuf"}
HANG, RESET = "hang", "reset"

# Without what would send to somebody else.
PLAIN = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_") and "proxy" not in key.lower()}


def accepted(rejected=0, message=""):
    """A body of ExportProfilesServiceResponse."""
    answer = service.ExportProfilesServiceResponse()
    if rejected or message:
        answer.partial_success.rejected_profiles = rejected
        answer.partial_success.error_message = message
    return answer.SerializeToString()


def field(number, data):
    """A short field of bytes in protobuf's wire format."""
    data = data.encode() if isinstance(data, str) else data
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def status(message, retry_seconds=None):
    """A google.rpc.Status, with RetryInfo or without."""
    body = field(2, message)
    if retry_seconds is not None:
        duration = bytes([8, retry_seconds]) if retry_seconds else b""
        body += field(3, field(1, "type.googleapis.com/google.rpc.RetryInfo") + field(2, field(1, duration)))
    return body


class Request:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.raw = path, headers, body
        self.body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body

    def message(self):
        return service.ExportProfilesServiceRequest.FromString(self.body)


def samples_of(requests):
    """How many samples are in them, one each."""
    return [sum(len(profile.samples) for resource in request.message().resource_profiles
                for scope in resource.scope_profiles for profile in scope.profiles) for request in requests]


def total_of(requests):
    """The sum of all values."""
    return sum(sum(sample.values) for request in requests for resource in request.message().resource_profiles
               for scope in resource.scope_profiles for profile in scope.profiles for sample in profile.samples)


class Http:
    """Answers (status, headers, body), HANG or RESET in turn; the last one for ever."""

    def __init__(self, *answers, context=None):
        self.answers, self.requests, self.over = list(answers) or [(200, PROTOBUF, b"")], [], threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append(
                    Request(self.path, {key.lower(): value for key, value in self.headers.items()}, body))
                receiver.answer(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.server.handle_error = lambda *_: None
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, handler):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == HANG:
            self.over.wait(60)
        elif answer == RESET:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
        else:
            code, headers, body = answer
            handler.send_response(code)
            for key, value in {"Content-Length": len(body), **headers}.items():
                handler.send_header(key, str(value))
            handler.end_headers()
            with contextlib.suppress(OSError):
                handler.wfile.write(body)

    def stop(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


class Grpc:
    """Answers bytes, or (grpc.StatusCode, message[, google.rpc.Status]) in turn; the last one for ever."""

    def __init__(self, *answers, credentials=None, most=None):
        self.answers, self.requests = list(answers) or [b""], []
        options = [("grpc.max_receive_message_length", most)] if most else []
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=options)
        self.server.add_generic_rpc_handlers([self])
        self.port = (self.server.add_secure_port("127.0.0.1:0", credentials) if credentials
                     else self.server.add_insecure_port("127.0.0.1:0"))
        self.server.start()

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(
            lambda body, context: self.answer(details, body, context)) if details.method == METHOD else None

    def answer(self, details, body, context):
        self.requests.append(Request(details.method, dict(details.invocation_metadata), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, bytes):
            return answer
        code, message, *rest = answer
        if rest:
            context.set_trailing_metadata([("grpc-status-details-bin", rest[0])])
        context.set_code(code)
        context.set_details(message)
        return b""

    def stop(self):
        self.server.stop(0).wait()


def free_port():
    """One on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificates(folder):
    """A CA, a server's certificate for localhost and a client's: ca.pem, server.pem, server.key, client.pem, ..."""
    def openssl(*argv):
        subprocess.run(["openssl", *argv], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *curve, "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2")
    for name in ("server", "client"):
        openssl("req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / f"{name}.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-extfile", f"{name}.ext", "-days", "2", "-out", f"{name}.pem")
    return folder


def https_context(certificates, client_too=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    if client_too:
        context.load_verify_locations(certificates / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def grpc_credentials(certificates, client_too=False):
    key, chain = (certificates / "server.key").read_bytes(), (certificates / "server.pem").read_bytes()
    return grpc.ssl_server_credentials([(key, chain)], (certificates / "ca.pem").read_bytes() if client_too else None,
                                       client_too)
