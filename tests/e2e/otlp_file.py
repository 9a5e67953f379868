# SPDX-License-Identifier: GPL-2.0-or-later
"""OTLP files as OpenTelemetry's own generated classes decode them: whether they are valid, what they say."""
import collections
import pathlib
import sys

from opentelemetry.proto.profiles.v1development import profiles_pb2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
import check_profile  # noqa: E402


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    return getattr(any_value, kind) if kind else None


class File:
    """A file that is valid by the conformance checker's rules."""

    def __init__(self, path):
        self.data = profiles_pb2.ProfilesData.FromString(pathlib.Path(path).read_bytes())
        self.dictionary = self.data.dictionary
        self.strings = list(self.dictionary.string_table)
        bad = check_profile.check(self.data, strict=True)
        assert not bad, "\n".join(bad[:20])

    def profiles(self):
        """(resource attributes, scope, profile)"""
        for resource in self.data.resource_profiles:
            labels = {one.key: value_of(one.value) for one in resource.resource.attributes}
            assert len(labels) == len(resource.resource.attributes), "one key twice"
            for scope in resource.scope_profiles:
                for profile in scope.profiles:
                    yield labels, scope.scope, profile

    def attributes(self, indices):
        table = self.dictionary.attribute_table
        return {self.strings[table[i].key_strindex]: value_of(table[i].value) for i in indices}

    def type_of(self, value_type):
        return f"{self.strings[value_type.type_strindex]}/{self.strings[value_type.unit_strindex]}"

    def names(self, index):
        """Of a location, outermost first, as folded lines have them."""
        location = self.dictionary.location_table[index]
        kind = self.attributes(location.attribute_indices).get("profile.frame.type")
        for line in reversed(location.lines):
            function = self.dictionary.function_table[line.function_index]
            assert function.system_name_strindex == 0, "it says nothing that the name does not"
            file = self.strings[function.filename_strindex].rpartition("/")[2]
            end = "_[k]" if kind == "kernel" else f" ({file})" if kind == "cpython" and file else ""
            yield (self.strings[function.name_strindex] + end).replace(";", ":")

    def stack(self, index):
        locations = self.dictionary.stack_table[index].location_indices
        return tuple(name for i in reversed(locations) for name in self.names(i))

    def folded(self):
        """What the folded file has to say."""
        stacks = collections.Counter()
        for _, _, profile in self.profiles():
            for sample in profile.samples:
                comm = self.attributes(sample.attribute_indices).get("thread.name", "[unknown]").replace(";", ":")
                stacks[(comm, *self.stack(sample.stack_index))] += sum(sample.values)
        return stacks

    def sample_keys(self):
        """What tells samples of one Profile apart."""
        for number, (_, _, profile) in enumerate(self.profiles()):
            for sample in profile.samples:
                yield number, sample.stack_index, frozenset(sample.attribute_indices), sample.link_index
