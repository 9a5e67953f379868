# SPDX-License-Identifier: GPL-2.0-or-later
"""An OpenTelemetry Collector with its OTLP receiver, which writes what it got by its file exporter, and what is in that."""
import collections
import struct
import subprocess

from opentelemetry.proto.profiles.v1development import profiles_pb2

import profound
import receivers

TLS = "\n        tls: {{cert_file: {0}/server.pem, key_file: {0}/server.key, client_ca_file: {0}/ca.pem}}"
CONFIG = """
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:{grpc}{tls}
      http:
        endpoint: 127.0.0.1:{http}{tls}
exporters:
  {exporter}
service:
  telemetry:
    metrics: {{level: none}}
  pipelines:
    profiles: {{receivers: [otlp], exporters: [{name}]}}
"""


FILE = "file: {{path: {got}, format: proto, flush_interval: 50ms}}"


class Collector:
    def __init__(self, binary, folder, certificates=None, exporter=FILE, before=(), env=None):
        """exporter: a line of configuration; before: words before its command."""
        folder.mkdir(parents=True, exist_ok=True)
        self.got, self.http, self.grpc = folder / "got", receivers.free_port(), receivers.free_port()
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(http=self.http, grpc=self.grpc, exporter=exporter.format(got=self.got),
                                        name=exporter.partition(":")[0],
                                        tls=TLS.format(certificates) if certificates else ""))
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.popen = subprocess.Popen([*before, binary, "--config", config, "--feature-gates=service.profilesSupport"],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        profound.wait_until(lambda: "Everything is ready" in self.log.read_text() or self.popen.poll() is not None, 30,
                            "a Collector that is ready")
        assert self.popen.poll() is None, self.log.read_text()

    def requests(self):
        """What it wrote, one ProfilesData a request. It has to end first: it writes late."""
        self.stop()
        data, found = self.got.read_bytes() if self.got.exists() else b"", []
        while data:
            [size] = struct.unpack(">I", data[:4])
            assert len(data) >= 4 + size, "a request is cut"
            found.append(profiles_pb2.ProfilesData.FromString(data[4:4 + size]))
            data = data[4 + size:]
        return found

    def stop(self):
        self.popen.terminate()
        try:
            self.popen.wait(20)
        finally:
            self.popen.kill()
            self.popen.wait()


class Meaning:
    """What a ProfilesData says, whatever the order of its tables."""

    def __init__(self, data):
        self.dictionary, self.strings = data.dictionary, data.dictionary.string_table
        self.profiles = collections.Counter()
        for resource in data.resource_profiles:
            labels = self.attributes(resource.resource.attributes)
            for scope in resource.scope_profiles:
                for profile in scope.profiles:
                    self.profiles[labels, scope.scope.name, scope.scope.version, self.profile(profile)] += 1

    def value(self, value):
        """The Collector puts strings of resources into the dictionary."""
        kind = value.WhichOneof("value")
        if kind == "string_value_strindex":
            return "string_value", self.strings[value.string_value_strindex]
        return kind, getattr(value, kind) if kind else None

    def attributes(self, attributes):
        return frozenset((one.key or self.strings[one.key_strindex], self.value(one.value)) for one in attributes)

    def chosen(self, indices):
        return frozenset((self.strings[self.dictionary.attribute_table[i].key_strindex],
                          self.value(self.dictionary.attribute_table[i].value)) for i in indices)

    def type(self, value_type):
        return self.strings[value_type.type_strindex], self.strings[value_type.unit_strindex]

    def location(self, index):
        location = self.dictionary.location_table[index]
        mapping = self.dictionary.mapping_table[location.mapping_index]
        functions = self.dictionary.function_table
        lines = tuple((self.strings[functions[line.function_index].name_strindex],
                       self.strings[functions[line.function_index].filename_strindex],
                       functions[line.function_index].start_line, line.line) for line in location.lines)
        return (location.address, lines, self.chosen(location.attribute_indices), mapping.memory_start,
                mapping.memory_limit, mapping.file_offset, self.strings[mapping.filename_strindex],
                self.chosen(mapping.attribute_indices))

    def profile(self, profile):
        samples = frozenset(collections.Counter(
            (tuple(map(self.location, self.dictionary.stack_table[sample.stack_index].location_indices)),
             self.chosen(sample.attribute_indices), tuple(sample.values), tuple(sample.timestamps_unix_nano))
            for sample in profile.samples).items())
        return (self.type(profile.sample_type), self.type(profile.period_type), profile.period, profile.time_unix_nano,
                profile.duration_nano, profile.profile_id, self.chosen(profile.attribute_indices), samples)
