# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's viewers read what we write: the same stacks and totals as in the folded file, without a complaint."""
import collections
import json
import os
import re
import shutil
import subprocess
import urllib.request

import pytest

import peers
import profound
import receivers

CHAIN = ("main", "alpha", "bravo", "charlie", "delta", "spin")
INNERMOST = "spin"


class Recorded:
    def __init__(self, folder, *argv):
        self.pprof, self.speedscope, self.folded = (folder / name for name in (
            "x.pb.gz", "x.speedscope.json", "out.folded"))
        self.run = profound.Recording([*argv, "-o", str(self.pprof), "-o", str(self.speedscope)], folder).finish()
        self.total = sum(self.run.folded.values())
        assert self.total == self.run.stats["samples"]["taken"]


@pytest.fixture(scope="module")
def busy(build):
    """The pids of a known chain and of a shell with short-lived children: native code, kernel, inlined functions."""
    processes = [subprocess.Popen([build("chain"), "60"], stdout=subprocess.DEVNULL),
                 subprocess.Popen(["sh", "-c", "while :; do ls -lR /usr/share/doc >/dev/null 2>&1; done"])]
    yield [process.pid for process in processes]
    for process in processes:
        process.kill()
        process.wait()


def record_busy(busy, folder, *options):
    one = Recorded(folder, "-p", ",".join(map(str, busy)), "-F", "499", "-d", "3", *options)
    assert sum(one.run.of("chain").values()) > 50  # of 1,497, where others run, too
    assert any(frame.endswith("_[k]") for stack in one.run.folded for frame in stack)
    return one


@pytest.fixture(scope="module")
def recorded(busy, tmp_path_factory):
    return record_busy(busy, tmp_path_factory.mktemp("recorded"))


@pytest.fixture(scope="module")
def without_inlines(busy, tmp_path_factory):
    return record_busy(busy, tmp_path_factory.mktemp("without-inlines"), "--no-inline")


@pytest.fixture(scope="module")
def hostile(build, tmp_path_factory):
    """A program whose name, and so its comm and its mapping's path, is what breaks files."""
    folder = tmp_path_factory.mktemp("hostile")
    program = os.path.join(os.fsencode(folder), b"\xff\n\x1b[1m\";a\\'<M=")
    shutil.copy(build("chain"), program)
    process = subprocess.Popen([program, "60"], stdout=subprocess.DEVNULL)
    try:
        one = Recorded(folder / "recorded", "-p", str(process.pid), "-F", "499", "-d", "1")
    finally:
        process.kill()
        process.wait()
    assert one.total > 20  # of 499, where others run, too
    return one


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    one = Recorded(tmp_path_factory.mktemp("empty"), "-d", "1", "--comm", "nobody-at-all")
    assert not one.total
    return one


def plain(stack):
    """Names as pprof has them: what is of the kernel is told by its mapping."""
    return tuple(frame.removesuffix("_[k]") for frame in stack)


def without_comm(folded):
    stacks = collections.Counter()
    for stack, count in folded.items():
        stacks[plain(stack[1:])] += count
    return stacks


class Raw:
    """What pprof -raw prints: samples as (values, location ids, labels), locations as (address, mapping id, lines),
    mappings as (start, limit, the rest of the line)."""

    def __init__(self, text):
        head, _, rest = text.partition("\nSamples:\n")
        samples, _, rest = rest.partition("Locations\n")
        locations, _, mappings = rest.partition("Mappings\n")
        self.comments = re.findall(r"^Comment: (.*)$", head, re.M)
        self.period = int(re.search(r"^Period: (\d+)$", head, re.M).group(1))
        self.types, *lines = samples.splitlines()
        self.samples, self.locations, self.mappings = [], {}, {}
        for line in lines:
            if values := re.fullmatch(r" +(\d[\d ]*): ([\d ]*)", line):
                self.samples.append(([int(value) for value in values.group(1).split()], values.group(2).split(), {}))
            else:
                self.samples[-1][2].update(re.findall(r"([\w.]+):\[(.*?)\](?= |$)", line))
        for line in locations.splitlines():
            if location := re.match(r" +(\d+): 0x([0-9a-f]+) (?:M=(\d+) )?(.*)", line):
                name = location.group(1)
                self.locations[name] = (int(location.group(2), 16), location.group(3), [location.group(4)])
            else:
                self.locations[name][2].append(line.strip())
        for line in mappings.splitlines():
            name, start, limit, rest = re.fullmatch(r"(\d+): 0x([0-9a-f]+)/0x([0-9a-f]+)/(.*)", line).groups()
            self.mappings[name] = (int(start, 16), int(limit, 16), rest)


def test_pprof_top_has_the_total(pprof, recorded):
    shown = pprof("-top", "-nodecount=100000", "-nodefraction=0", recorded.pprof)
    assert f"of {recorded.total} total" in shown
    flat = sum(count for stack, count in recorded.run.folded.items() if plain(stack)[-1] == INNERMOST)
    assert re.search(rf"^ +{flat} .*% +{INNERMOST}$", shown, re.M), shown[:3000]


def test_pprof_traces_are_the_folded_stacks(pprof, recorded):
    stacks, expected = collections.Counter(), collections.Counter()
    for trace in re.split(r"^-+\+-+\n", pprof("-traces", recorded.pprof), flags=re.M)[1:]:
        comm = re.search(r"^ +comm:  (.*)$", trace, re.M)
        found = re.search(r"^ +(\d+)   (.*(?:\n {13}.*)*)", trace, re.M)
        if found:
            frames = [line.strip().removesuffix(" (inline)").replace(";", ":") for line in found.group(2).splitlines()]
            stacks[(comm.group(1), *reversed(frames))] += int(found.group(1))
    for stack, count in recorded.run.folded.items():
        if len(stack) > 1:
            expected[(stack[0], *plain(stack[1:]))] += count
    assert stacks == expected


def test_pprof_raw_tables(pprof, recorded):
    raw = Raw(pprof("-raw", recorded.pprof))
    assert sum(values[0] for values, _, _ in raw.samples) == recorded.total
    assert raw.types == "samples/count[dflt] cpu/nanoseconds", "cpu-clock or cycles at a frequency is CPU time"
    assert abs(raw.period - 1e9 / 499) < 1
    assert all(values[1] == values[0] * raw.period for values, _, _ in raw.samples)
    assert all(labels["comm"] for _, _, labels in raw.samples)
    comms = collections.Counter()
    for values, _, labels in raw.samples:
        comms[labels["comm"]] += values[0]
    assert comms == recorded.run.comms()
    keys = [(tuple(locations), tuple(sorted(labels.items()))) for _, locations, labels in raw.samples]
    assert len(set(keys)) == len(keys), "equal samples are one"
    chain = [labels for _, _, labels in raw.samples if labels["comm"] == "chain"]
    assert chain and all(labels["process.executable.name"] == "chain" for labels in chain)


def test_pprof_addresses_are_in_their_mappings(pprof, recorded):
    raw = Raw(pprof("-raw", recorded.pprof))
    kernel = {name for name, (_, _, rest) in raw.mappings.items() if "[kernel.kallsyms]" in rest}
    assert len(kernel) == 1
    for address, mapping, lines in raw.locations.values():
        assert lines[0], "every location has a function"
        if mapping in kernel:
            assert address == 0, "kernel addresses are not shown"
        elif address:
            start, limit, _ = raw.mappings[mapping]
            assert start <= address < limit or not limit
    assert all("[FN]" in rest for _, _, rest in raw.mappings.values())
    (of_chain,) = [rest for _, _, rest in raw.mappings.values() if re.search(r"/chain [0-9a-f]{40} ", rest)]
    assert "[FL][LN]" in of_chain


def test_pprof_comments_say_how_far_to_trust(pprof, recorded):
    raw = Raw(pprof("-raw", recorded.pprof))
    figures = dict(line.split("=", 1) for line in raw.comments if line.startswith("profound."))
    stats = recorded.run.stats
    assert figures.get("profound.samples.expected") == (
        None if stats["samples"]["expected"] is None else str(stats["samples"]["expected"]))
    assert int(figures["profound.samples.taken"]) == recorded.total
    assert int(figures["profound.stacks.complete"]) == stats["stacks"]["complete"]
    assert figures["profound.event"] == stats["event"]
    assert raw.comments[0].startswith("samples  ")


def test_pprof_web_page(pprof, recorded, tmp_path):
    address = f"127.0.0.1:{receivers.free_port()}"
    server = peers.Server([pprof.program, "-no_browser", f"-http={address}", recorded.pprof], tmp_path,
                          lambda: peers.answers(f"http://{address}/ui/flamegraph"))
    try:
        page = urllib.request.urlopen(f"http://{address}/ui/flamegraph", timeout=30).read().decode()
        data, _ = json.JSONDecoder().raw_decode(page[page.index("stackViewer({") + len("stackViewer("):])
    finally:
        server.stop()
    assert set(CHAIN) <= {source["FullName"] for source in data["Sources"]}


@pytest.mark.parametrize("file", ["speedscope", "folded"])
def test_speedscope_shows_the_folded_stacks(speedscope, recorded, file):
    assert speedscope(getattr(recorded, file)) == recorded.run.folded


def test_speedscope_shows_pprof(speedscope, without_inlines):
    """Of functions that were inlined into one another its pprof importer shows the outermost alone."""
    shown = speedscope(without_inlines.pprof)
    expected = without_comm(without_inlines.run.folded)
    expected.pop((), None)
    assert shown == expected


def test_speedscope_has_files_and_lines(recorded):
    frames = json.loads(recorded.speedscope.read_text())["shared"]["frames"]
    (spin,) = [frame for frame in frames if frame["name"] == INNERMOST]
    assert spin["file"].endswith("chain.c") and spin["line"] > 0


def test_pprof_takes_hostile_names(pprof, hostile):
    assert f"of {hostile.total} total" in pprof("-top", hostile.pprof)
    raw, comms = Raw(pprof("-raw", hostile.pprof)), collections.Counter()
    for values, _, labels in raw.samples:
        comms[labels["comm"].replace(";", ":")] += values[0]
    assert comms == hostile.run.comms() and len(comms) == 1
    (comm,) = comms
    assert comm.startswith("\ufffd  [1m\":a\\'<")
    assert any(comm.replace(":", ";") in rest for _, _, rest in raw.mappings.values()), raw.mappings


def test_speedscope_takes_hostile_names(speedscope, hostile):
    assert speedscope(hostile.speedscope) == hostile.run.folded


def test_speedscope_file_follows_its_schema(recorded, empty, hostile):
    """What file-format-spec.ts of speedscope 1.25.0 asks of a file with one sampled profile."""
    for one in (recorded, empty, hostile):
        whole = json.loads(one.speedscope.read_bytes().decode("utf-8", "strict"))
        assert set(whole) == {"$schema", "exporter", "name", "activeProfileIndex", "shared", "profiles"}
        assert whole["$schema"] == "https://www.speedscope.app/file-format-schema.json"
        frames, (profile,) = whole["shared"]["frames"], whole["profiles"]
        for frame in frames:
            assert {"name"} <= set(frame) <= {"name", "file", "line"} and isinstance(frame["name"], str)
            assert isinstance(frame.get("file", ""), str) and isinstance(frame.get("line", 1), int)
        assert set(profile) == {"type", "name", "unit", "startValue", "endValue", "samples", "weights"}
        assert (profile["type"], profile["unit"], profile["startValue"]) == ("sampled", "none", 0)
        assert len(profile["samples"]) == len(profile["weights"])
        assert all(0 <= at < len(frames) for stack in profile["samples"] for at in stack)
        assert sum(profile["weights"]) == profile["endValue"] == one.total


def test_viewers_take_an_empty_profile(pprof, empty):
    assert "0 total" in pprof("-top", empty.pprof)
    assert Raw(pprof("-raw", empty.pprof)).samples == []
    (profile,) = json.loads(empty.speedscope.read_text())["profiles"]
    assert (profile["samples"], profile["weights"], profile["endValue"]) == ([], [], 0)
    assert empty.folded.read_text() == ""


def test_speedscope_opens_an_empty_profile(speedscope, empty):
    assert speedscope(empty.speedscope) == {}
