# SPDX-License-Identifier: GPL-2.0-or-later
"""One node's stream in a directory: each request as it was sent (0001.otlp.gz; `profound report` reads them), how it was
recorded in stream.json."""
import gzip
import json

from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2 as service

FACTS = "stream.json"


def profiles_of(message):
    return [profile for resource in message.resource_profiles for scope in resource.scope_profiles
            for profile in scope.profiles]


class Request:
    """What it says is decoded once: some figures are kept, the message is not."""

    def __init__(self, sent, head_bytes):
        self.sent, self.head_bytes = sent, head_bytes
        self.body = gzip.decompress(sent) if sent[:2] == b"\x1f\x8b" else sent
        message = service.ExportProfilesServiceRequest.FromString(self.body)
        profiles = profiles_of(message)
        self.profiles, self.resources = len(profiles), len(message.resource_profiles)
        self.samples = sum(sum(sample.values) for profile in profiles for sample in profile.samples)
        self.begins = min((profile.time_unix_nano for profile in profiles), default=0)
        self.seconds = max((profile.duration_nano for profile in profiles), default=0) / 1e9


class Stream:
    def __init__(self, folder):
        facts = json.loads((folder / FACTS).read_text())
        self.name, self.interval, self.facts = folder.name, facts["interval"], facts
        heads = facts["head_bytes"]
        files = sorted(folder.glob("*.otlp*"))
        if len(files) != len(heads) or not files:
            raise ValueError(f"{folder}: {len(files)} requests, but {FACTS} knows {len(heads)}")
        self.requests = [Request(file.read_bytes(), head) for file, head in zip(files, heads)]

    def whole(self):
        """Those of whole intervals: the last one ends when the agent does."""
        return [one for one in self.requests if one.seconds >= 0.95 * self.interval]

    def ends(self):
        return max(one.begins + int(one.seconds * 1e9) for one in self.requests)


class Store:
    """Fills a directory."""

    def __init__(self, folder):
        self.folder, self.heads = folder, []
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ValueError(f"{folder}: not empty")

    def add(self, request):
        """A receivers.Request. Its head is counted as HTTP/1.1 has it: a line each, and an empty one."""
        head = len(f"POST {request.path} HTTP/1.1\r\n\r\n")
        head += sum(len(f"{key}: {value}\r\n") for key, value in request.headers.items())
        self.heads.append(head)
        end = ".gz" if request.headers.get("content-encoding") == "gzip" else ""
        (self.folder / f"{len(self.heads):04}.otlp{end}").write_bytes(request.raw)

    def finish(self, **facts):
        (self.folder / FACTS).write_text(json.dumps({**facts, "head_bytes": self.heads}, indent=1) + "\n")
