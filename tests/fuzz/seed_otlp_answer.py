#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes tests/fuzz/corpus/fuzz_otlp_answer: answers of receivers, as fuzz_otlp_answer.c takes them."""
import base64
import pathlib

GRPC, WHOLE = 1, 2
RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"


def field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data


def answer(flags, *headers, body=b""):
    return bytes([flags]) + b"".join(line + b"\r\n" for line in headers) + b"\n" + body


PARTIAL = field(1, bytes([8, 3]) + field(2, b"too old"))
STATUS = bytes([8, 14]) + field(2, b"busy") + field(3, field(1, RETRY_INFO) + field(2, field(1, bytes([8, 5, 16, 7]))))
SEEDS = {
    "http-partial": answer(WHOLE, b"HTTP/1.1 200 OK", b"Content-Type: application/x-protobuf", body=PARTIAL),
    "http-status": answer(0, b"HTTP/1.1 429 X", b"Content-Type: application/x-protobuf",
                          b"Retry-After: Sun, 06 Nov 1994 08:49:38 GMT", body=STATUS),
    "http-text": answer(0, b"HTTP/1.1 503 X", b"Content-Type: text/plain", b"Retry-After: 3", body="zu\x1bviel ü".encode()),
    "grpc-partial": answer(GRPC | WHOLE, b"HTTP/2 200", b"content-type: application/grpc", b"grpc-status: 0",
                           body=bytes([0, 0, 0, 0, len(PARTIAL)]) + PARTIAL),
    "grpc-details": answer(GRPC, b"HTTP/2 200", b"grpc-status: 8", b"grpc-message: 50%25 %C3%BC",
                           b"grpc-status-details-bin: " + base64.b64encode(STATUS).rstrip(b"=")),
}


def main():
    folder = pathlib.Path(__file__).parent / "corpus/fuzz_otlp_answer"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in SEEDS.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
