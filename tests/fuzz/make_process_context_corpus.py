#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/fuzz/make_process_context_corpus.py FOLDER: writes the seeds of fuzz_process_context: a payload, an environment."""
import pathlib
import sys


def field(number, payload):
    return bytes([number << 3 | 2, len(payload)]) + payload


def attribute(key, value):
    return field(1, field(1, key) + field(2, value))


RESOURCE = (attribute(b"service.name", field(1, b"shop")) + attribute(b"service.instance.id", b"\x18\x07")
            + attribute(b"service.primary", b"\x10\x01"))
SEEDS = {
    "context": field(1, RESOURCE) + field(2, field(1, b"threadlocal.schema_version")),
    "environment": b"HOME=/root\0OTEL_SERVICE_NAME=shop\0"
                   b"OTEL_RESOURCE_ATTRIBUTES=service.version=1%2C2,deployment.environment.name=prod\0",
}

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, content in SEEDS.items():
    (folder / name).write_bytes(content)
