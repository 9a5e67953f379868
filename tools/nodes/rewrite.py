# SPDX-License-Identifier: GPL-2.0-or-later
"""A request as another node would have sent it: host.id, host.name, times and profile ids are changed, all else is kept."""
import gzip
import hashlib

from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2 as service

from . import stream

GZIP_LEVEL = 6  # the agent's (user/export/gzip.c)
RECORDING_ID = 8  # bytes of a profile's id that are its recording's


def host_id(node):
    """As machine-id has it."""
    return hashlib.md5(f"node {node}".encode(), usedforsecurity=False).hexdigest()


def host_name(node):
    return f"node-{node:05}"


class Rewriter:
    def __init__(self, body, shift_ns):
        """All times move by so much."""
        self.message = service.ExportProfilesServiceRequest.FromString(body)
        profiles = stream.profiles_of(self.message)
        self.ids = [(profile, profile.profile_id) for profile in profiles]
        self.host_ids, self.host_names = self.values("host.id"), self.values("host.name")
        for profile in profiles:
            profile.time_unix_nano += shift_ns
            for sample in profile.samples:
                sample.timestamps_unix_nano[:] = [time + shift_ns for time in sample.timestamps_unix_nano]

    def values(self, key):
        """Where each resource has the value of that attribute; it gets one if it has none."""
        strings = self.message.dictionary.string_table
        found = []
        for one in self.message.resource_profiles:
            attributes = one.resource.attributes
            same = [pair for pair in attributes if (pair.key or strings[pair.key_strindex]) == key]
            found.append((same[0] if same else attributes.add(key=key)).value)
        return found

    def as_node(self, node):
        """The bytes of the message."""
        salt = hashlib.sha256(host_id(node).encode()).digest()[:RECORDING_ID]
        for profile, was in self.ids:
            profile.profile_id = bytes(a ^ b for a, b in zip(was, salt)) + was[RECORDING_ID:]
        for value in self.host_ids:
            value.string_value = host_id(node)
        for value in self.host_names:
            value.string_value = host_name(node)
        return self.message.SerializeToString()


def as_sent(body):
    return gzip.compress(body, GZIP_LEVEL, mtime=0)
