# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile files that are read: others' files say what their own tools say of them, ours come back as they were."""
import collections
import gzip
import json
import re
import shutil
import subprocess
import sys

import hypothesis
import hypothesis.configuration
import pytest
from hypothesis import strategies
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.profiles.v1development import profiles_pb2 as pb

import importing
import otlp_file
import profound
import programs

sys.path.insert(0, str(importing.TOP / "tests/fuzz"))
import make_import_corpus  # noqa: E402

hypothesis.configuration.set_hypothesis_home_dir(importing.TOP / importing.CONVERT.parent / "hypothesis")
# What comes back as it was.
CHAIN = ["otlp", "pprof"]


@pytest.fixture(scope="module", autouse=True)
def built():
    importing.build()


def round_trip(tmp_path, folded, before=()):
    """Folded lines through every format and back."""
    at = tmp_path / "0.folded"
    at.write_bytes(folded)
    for number, format_ in enumerate(CHAIN, 1):
        to = tmp_path / f"{number}.{format_}"
        importing.convert(format_, to, at, before=before)
        at = to
    return importing.convert("folded", tmp_path / "back.folded", at)


class Made:
    """An OTLP file of OpenTelemetry's own classes."""

    def __init__(self):
        self.data = pb.ProfilesData()
        self.dictionary = self.data.dictionary
        self.strings = {"": 0}
        for table in (self.dictionary.mapping_table, self.dictionary.location_table, self.dictionary.function_table,
                      self.dictionary.link_table, self.dictionary.attribute_table, self.dictionary.stack_table):
            table.add()

    def text(self, value):
        return self.strings.setdefault(value, len(self.strings))

    def attribute(self, key, **value):
        self.dictionary.attribute_table.add(key_strindex=self.text(key), value=AnyValue(**value))
        return len(self.dictionary.attribute_table) - 1

    def location(self, *functions, **fields):
        lines = []
        for function in functions:
            self.dictionary.function_table.add(name_strindex=self.text(function))
            lines.append(pb.Line(function_index=len(self.dictionary.function_table) - 1))
        self.dictionary.location_table.add(lines=lines, **fields)
        return len(self.dictionary.location_table) - 1

    def stack(self, *locations):
        self.dictionary.stack_table.add(location_indices=locations)
        return len(self.dictionary.stack_table) - 1

    def profile(self, type_="samples", unit="count", resource=None, **fields):
        one = self.data.resource_profiles.add()
        for key, value in (resource or {}).items():
            one.resource.attributes.add(key=key, value=AnyValue(string_value=value))
        profile = one.scope_profiles.add().profiles.add(**fields)
        profile.sample_type.type_strindex, profile.sample_type.unit_strindex = self.text(type_), self.text(unit)
        return profile

    def write(self, path):
        del self.dictionary.string_table[:]
        self.dictionary.string_table.extend(self.strings)
        path.write_bytes(self.data.SerializeToString())
        return path


def test_values_and_timestamps(tmp_path):
    made = Made()
    stack = made.stack(made.location("work"), made.location("main"))
    profile = made.profile()
    profile.samples.add(stack_index=stack, values=[3])
    profile.samples.add(stack_index=stack, timestamps_unix_nano=[5, 6])
    profile.samples.add(stack_index=stack, values=[1, 2, 1], timestamps_unix_nano=[5, 6, 7])
    profile.samples.add(stack_index=stack, values=[0])
    profile.samples.add(values=[5])
    assert importing.folded(tmp_path / "x", made.write(tmp_path / "x.otlp")) == {
        ("[unknown]", "main", "work"): 9, ("[unknown]",): 5}


def test_who_and_where(tmp_path):
    made = Made()
    kernel = made.attribute("profile.frame.type", string_value="kernel")
    made.dictionary.mapping_table.add(memory_start=0x1000, memory_limit=0x9000, file_offset=0x400,
                                      filename_strindex=made.text("/usr/lib/libx.so.1"))
    made.dictionary.mapping_table.add(filename_strindex=made.text("[kernel.kallsyms]"))
    made.dictionary.mapping_table.add(filename_strindex=made.text("//anon"))
    leaf = made.location("vfs_read", attribute_indices=[kernel], address=0xffffffff81000000)
    nameless = [made.location(mapping_index=1, address=0x1234), made.location(mapping_index=1),
                made.location(mapping_index=1, address=0xabcd),  # in the file, not in the mapping
                made.location(mapping_index=2, address=4), made.location(mapping_index=3, address=4), made.location(),
                made.location("", mapping_index=1, address=0x2000)]
    inlined = made.location("inner", "outer", mapping_index=1, address=0x1500)
    cut = made.location("[truncated: corrupt]")
    stack = made.stack(leaf, *nameless, inlined, cut)
    profile = made.profile(resource={"process.executable.name": "prog", "service.name": "shop"})
    profile.samples.add(stack_index=stack, values=[1])
    profile.samples.add(stack_index=stack, values=[1],
                        attribute_indices=[made.attribute("thread.name", string_value="web"), 0])
    frames = ("[truncated: corrupt]", "outer", "inner", "[libx.so.1+0x1400]", "[unknown]", "[jit]", "[kernel]_[k]",
              "[libx.so.1+0xabcd]", "[libx.so.1]", "[libx.so.1+0x634]", "vfs_read_[k]")
    path = made.write(tmp_path / "x.otlp")
    assert importing.folded(tmp_path / "x", path) == {("prog", *frames): 1, ("web", *frames): 1}
    assert importing.stats(tmp_path / "y", path)["stacks"]["cut"]["corrupt"] == 2


def test_one_of_several_types(tmp_path):
    made = Made()
    stack = made.stack(made.location("main"))
    made.profile("off_cpu", "nanoseconds").samples.add(stack_index=stack, values=[5, 6])
    made.profile("wall", "nanoseconds").samples.add(stack_index=stack, values=[7])
    made.profile("wall", "nanoseconds").samples.add(stack_index=stack, values=[8])
    path = made.write(tmp_path / "x.otlp")
    key = ("[unknown]", "main")
    assert importing.folded(tmp_path / "x", path) == {key: 15}
    assert importing.folded(tmp_path / "x", path, before=["--type", "off_cpu"]) == {key: 11}
    assert importing.folded(tmp_path / "x", path, before=["--type", "wall/nanoseconds"]) == {key: 15}
    said = importing.refuse(tmp_path / "none", path, before=["--type", "cpu"])
    assert said == f"{path}: counts no cpu; it has: off_cpu/nanoseconds, wall/nanoseconds"
    lines = write(tmp_path / "x.folded", b"a;b 1\n")
    said = importing.refuse(tmp_path / "none", path, lines)
    assert said == (f"{lines}: counts samples/count, but what was read before wall/nanoseconds; "
                    "--type NAME chooses what to read")
    assert "counts no wall; it has: samples/count" in importing.refuse(
        tmp_path / "none", path, lines, before=["--type", "wall"])
    made.profile().samples.add(stack_index=stack, values=[1])
    assert importing.folded(tmp_path / "x", made.write(path)) == {key: 1}
    assert importing.folded(tmp_path / "x", path, lines) == {key: 1, ("a", "b"): 1}


def test_figures_of_a_recording_are_taken_once(tmp_path):
    made = Made()
    stack = made.stack(made.location("main"))
    figures = [made.attribute(f"profound.{key}", **value) for key, value in
               {"samples.taken": {"int_value": 3}, "samples.expected": {"int_value": 4},
                "samples.lost.not_run": {"int_value": 1}, "stacks.complete": {"int_value": 3},
                "cost.cpu_seconds": {"double_value": 0.25}, "event": {"string_value": "cycles"},
                "no.such.figure": {"int_value": 1}, "samples.idle": {"string_value": "none"}}.items()]
    for count, name in ((1, "a"), (2, "b")):
        made.profile(resource={"service.name": name}, profile_id=bytes(range(8)) + name.encode() * 8,
                     attribute_indices=figures).samples.add(stack_index=stack, values=[count])
    path = made.write(tmp_path / "x.otlp")
    got = importing.stats(tmp_path / "x", path)
    assert got["samples"]["taken"] == 3 and got["samples"]["expected"] == 4 and got["samples"]["idle"] is None
    assert got["samples"]["lost"]["not_run"] == 1 and got["samples"]["lost"]["ring_full"] is None
    assert got["stacks"]["complete"] == 3 and got["cost"]["cpu_seconds"] == 0.25 and got["event"] == "cycles"
    got = importing.stats(tmp_path / "x", path, path)
    assert got["samples"]["taken"] == 6 and got["samples"]["expected"] == 8 and got["cost"]["cpu_seconds"] == 0.5
    # Those of other samples than the file has say nothing.
    made.data.resource_profiles[0].scope_profiles[0].profiles[0].samples[0].values[0] = 5
    got = importing.stats(tmp_path / "x", made.write(path))
    assert got["samples"]["taken"] == 7 and got["samples"]["expected"] is None and got["stacks"]["complete"] is None


def test_any_order_of_fields(tmp_path):
    """Parsers must take fields in any order, messages in parts, numbers packed or not."""
    made = Made()
    stack = made.stack(made.location("work"), made.location("main"))
    made.profile().samples.add(stack_index=stack, values=[1, 2])
    made.write(tmp_path / "x.otlp")
    profiles = pb.ProfilesData(resource_profiles=made.data.resource_profiles).SerializeToString()
    dictionary = pb.ProfilesData(dictionary=made.dictionary).SerializeToString()
    first, second = pb.ProfilesData(), pb.ProfilesData()
    first.dictionary.stack_table.extend(made.dictionary.stack_table)
    second.dictionary.CopyFrom(made.dictionary)
    del second.dictionary.stack_table[:]
    packed, single = b"\x22\x02\x01\x02", b"\x20\x01\x20\x02"  # the values, of the same length
    assert profiles.count(packed) == 1
    for data in (dictionary + profiles, profiles + dictionary, profiles.replace(packed, single) + dictionary,
                 first.SerializeToString() + profiles + second.SerializeToString()):
        path = write(tmp_path / "x.otlp", data)
        assert importing.folded(tmp_path / "x", path) == {("[unknown]", "main", "work"): 3}


def raw_samples(path, index):
    """What Go's own tool reads: the sum of a sample type."""
    text = subprocess.run(["go", "tool", "pprof", "-raw", path], capture_output=True, text=True, check=True).stdout
    samples = text.split("Samples:\n")[1].split("Locations\n")[0].splitlines()
    names = [re.sub(r"\[.*", "", name).split("/") for name in samples[0].split()]
    rows = [match.group(1).split() for line in samples[1:] if (match := re.match(r"((?:\s*\d+)+): ", line))]
    return names, sum(int(row[index]) for row in rows)


@pytest.mark.skipif(not shutil.which("go"), reason="no Go compiler")
def test_profiles_of_go(tmp_path):
    program, folder = tmp_path / "profiles", tmp_path / "out"
    folder.mkdir()
    subprocess.run(["go", "build", "-o", program, programs.SOURCES / "profiles.go"], check=True)
    subprocess.run([program, folder], check=True, timeout=60)
    files = sorted(folder.iterdir())
    assert len(files) == 6
    for path in files:
        types, _ = raw_samples(path, 0)
        for index, (name, unit) in enumerate(types):
            got = importing.folded(tmp_path / "x", path, before=["--type", f"{name}/{unit}"])
            assert sum(got.values()) == raw_samples(path, index)[1], (path, name)
        importing.convert("otlp", tmp_path / "x.otlp", path)
        assert otlp_file.File(tmp_path / "x.otlp").folded() == importing.folded(tmp_path / "x", path)
    cpu = importing.folded(tmp_path / "x", folder / "cpu.pb.gz")
    assert sum(count for stack, count in cpu.items() if stack[0] == "worker" and stack[-1] == "main.burn") > \
        0.5 * sum(cpu.values())
    assert all(count % 1000 == 0 for count in cpu.values())  # nanoseconds: the last type
    heap = importing.folded(tmp_path / "x", folder / "heap.pb.gz")
    assert max(heap, key=heap.get)[-1] == "main.allocate"
    plain = tmp_path / "plain"
    plain.write_bytes(gzip.decompress((folder / "heap.pb.gz").read_bytes()))
    assert importing.folded(tmp_path / "x", plain) == heap


NAME = strategies.one_of(
    strategies.text(strategies.characters(exclude_categories=("Cc", "Cs"), exclude_characters=";\u2028\u2029"),
                    min_size=1, max_size=12),
    strategies.sampled_from(["main", "a b", "vfs_read_[k]", "_[k]", "[kernel]_[k]", "[jit]", "[anon]", "[unknown]",
                             "[libc.so.6+0x27249]", "[truncated: corrupt]", "[truncated: depth_limit]_[k]",
                             "[truncated: no such cause]", "f (file.c:12)", "std::map<int, x>::at(int) const", "1", "#", "x 1"]))
STACKS = strategies.lists(strategies.tuples(strategies.lists(NAME, min_size=1, max_size=8),
                                            strategies.integers(1, 2 ** 40)), max_size=12)


def is_comment(line):
    return line.startswith("#") and ";" not in line


@hypothesis.given(STACKS)
@hypothesis.settings(max_examples=60, deadline=None, database=None, derandomize=True,
                     suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_round_trip_of_random_lines(tmp_path, stacks):
    total = collections.Counter()
    for names, count in stacks:
        total[";".join(names)] += count
    lines = [f"{stack} {count}\n" for stack, count in total.items() if not is_comment(stack)]
    text = b"".join(sorted(line.encode() for line in lines))
    once = importing.convert("folded", tmp_path / "x.folded", write(tmp_path / "in.folded", text))
    assert sorted(once.splitlines()) == sorted(text.splitlines())
    assert round_trip(tmp_path, once) == once


def write(path, data):
    path.write_bytes(data)
    return path


def test_round_trip_of_long_lines(tmp_path):
    """As long as we write them: a name of 1,024 bytes, with --lines that of its file, and 4,000 frames."""
    name = "n" * 1024 + " (" + "f" * 1024 + ":4294967295)"
    text = f"comm;{';'.join([name, 'é' * 500 + '_[k]'] * 2000)} 7\n".encode()
    assert round_trip(tmp_path, text) == text


@pytest.mark.parametrize("lines", [False, True])
def test_round_trip_of_a_recording(tmp_path, lines):
    folded, otlp, stats = tmp_path / "r.folded", tmp_path / "r.otlp", tmp_path / "r.json"
    flags = ["--lines"] if lines else []
    subprocess.run([profound.binary(), "record", "-F", "499", "-q", *flags, "-o", folded, "-o", otlp, "--stats", stats,
                    "--", "sh", "-c", "i=0; while [ $i -lt 30 ]; do python3 -c 'sum(range(200000))'; i=$((i+1)); done"],
                   check=True, timeout=120)
    text = folded.read_bytes()
    assert text.count(b"\n") > 20 and b"_[k]" in text
    assert importing.convert("folded", tmp_path / "x.folded", otlp, before=flags) == text
    assert round_trip(tmp_path, text) == text
    assert importing.stats(tmp_path / "x.json", otlp) == json.loads(stats.read_text())
    importing.convert("otlp", tmp_path / "again.otlp", otlp)
    assert said_by(tmp_path / "again.otlp") == said_by(otlp)


def said_by(path):
    """All that an OTLP file says, whatever its tables are like: (profiles, samples)."""
    file = otlp_file.File(path)
    strings, dictionary = file.strings, file.dictionary

    def location(index):
        one = dictionary.location_table[index]
        mapping = dictionary.mapping_table[one.mapping_index]
        functions = [dictionary.function_table[line.function_index] for line in one.lines]
        return (mapping.memory_start, mapping.memory_limit, mapping.file_offset, strings[mapping.filename_strindex],
                frozenset(file.attributes(mapping.attribute_indices).items()), one.address,
                frozenset(file.attributes(one.attribute_indices).items()),
                tuple((strings[function.name_strindex], strings[function.filename_strindex], function.start_line, line.line)
                      for function, line in zip(functions, one.lines)))

    profiles, samples = collections.Counter(), collections.Counter()
    for labels, _, profile in file.profiles():
        labels = frozenset(labels.items())
        profiles[(labels, profile.time_unix_nano, profile.duration_nano, file.type_of(profile.sample_type),
                  file.type_of(profile.period_type), profile.period,
                  frozenset(file.attributes(profile.attribute_indices).items()))] += 1
        for sample in profile.samples:
            stack = dictionary.stack_table[sample.stack_index].location_indices
            samples[(labels, frozenset(file.attributes(sample.attribute_indices).items()),
                     tuple(map(location, stack)))] += sum(sample.values)
    return profiles, samples


def test_stdin_and_no_name(tmp_path):
    data = make_import_corpus.otlp()
    done = subprocess.run([importing.TOP / importing.CONVERT, tmp_path / "x", "folded", "-"], input=data,
                          capture_output=True)
    assert done.returncode == 0 and (tmp_path / "x").read_bytes().count(b"\n") == 3
    done = subprocess.run([importing.TOP / importing.CONVERT, tmp_path / "y", "folded", "-"], input=data[:-9],
                          capture_output=True)
    assert done.returncode == 1 and done.stderr.startswith(b"standard input: at byte "), done


@pytest.mark.parametrize("name, what", [("none", "No such file or directory"), ("", "Is a directory")])
def test_files_that_cannot_be_read(tmp_path, name, what):
    assert importing.refuse(tmp_path / "x", tmp_path / name) == f"cannot read {tmp_path / name}: {what}"
