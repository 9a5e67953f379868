# SPDX-License-Identifier: GPL-2.0-or-later
"""`profound report`: its table against the same thing computed here from folded lines, its conversions, merges, and
what it refuses."""
import collections
import gzip
import json
import os
import pty
import random
import re
import resource
import subprocess

import pytest

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.profiles.v1development import profiles_pb2 as pb

import otlp_file
import profound
from profound import bare, parse_folded

NO_FRAME = "(no frame)"


def report(*argv, code=0, timeout=60, **options):
    status, stdout, stderr = bare("report", *map(str, argv), timeout=timeout, **options)
    assert status == code, stderr
    return stdout.decode(), stderr


def refused(code, *argv):
    """One line on stderr, nothing on stdout."""
    stdout, stderr = report(*argv, code=code)
    assert stdout == "" and stderr.startswith("profound report: ")
    assert stderr.count("\n") == 1 and stderr.endswith("\n"), stderr
    return stderr


class Table:
    """What a table says: rows by name, in order, and the lines above."""

    def __init__(self, text):
        lines = text.splitlines()
        above = [line for line in lines if line.startswith("#")]
        assert lines[:len(above)] == above, "a heading among the rows"
        assert above[-1].split()[1:5] == ["self", "self%", "total", "total%"], above[-1]
        self.head = dict(line[2:].split(None, 1) for line in above[:-1])
        self.column = above[-1].split()[5]
        self.rows, self.more = {}, None
        for line in lines[len(above):]:
            self_, self_share, total, total_share, name = re.fullmatch(
                r" *(\d+)  +(\d+\.\d\d)%  +(\d+|-)  +(?:(\d+\.\d\d)%|-)  (.*)", line).groups()
            if total == "-":
                assert line == lines[-1]
                self.more = (int(self_), int(name.removesuffix(" more")))
                continue
            assert name not in self.rows
            self.rows[name] = (int(self_), int(total))
            self.shares = getattr(self, "shares", {}) | {name: (float(self_share), float(total_share))}

    def whole(self):
        return int(self.head["total"].split()[0])


def table(*argv):
    return Table(report(*argv)[0])


# The same, computed another way.

def row_of(stack, by):
    """(what a sample belongs to, all rows that it is in)"""
    names = stack[1:]
    if by != "function":
        return stack[0], {stack[0]}
    return (names[-1], set(names)) if names else (NO_FRAME, {NO_FRAME})


def ranked(stacks, by="function", keep=None):
    selfs, totals = collections.Counter(), collections.Counter()
    for stack, count in stacks.items():
        own, rows = row_of(stack, by)
        selfs[own] += count
        for row in rows:
            totals[row] += count
    names = [name for name in totals if keep is None or re.search(keep, name)]
    names.sort(key=lambda name: (-selfs[name], -totals[name], name.encode()))
    return {name: (selfs[name], totals[name]) for name in names}


def sieved(stacks, focus=None, hide=None):
    left = collections.Counter()
    for stack, count in stacks.items():
        names = stack[1:]
        if focus and not any(re.search(focus, name) for name in names or (NO_FRAME,)):
            continue
        if hide:
            names = tuple(name for name in names if name.startswith("[truncated: ") or not re.search(hide, name))
        left[(stack[0], *names)] += count
    return left


def belonging(stacks, pattern, by):
    return collections.Counter({stack: count for stack, count in stacks.items()
                                if re.search(pattern, row_of(stack, by)[0])})


def write_folded(path, stacks):
    path.write_text("".join(f"{';'.join(stack)} {count}\n" for stack, count in stacks.items()), encoding="utf-8")
    return path


CAUSES = ["no_unwind_info", "corrupt", "depth_limit"]
NAMES = ["main", "parse", "parse json", "operator()(int, char const*)", "std::map<int, std::less<int> >::at", "été",
         "[libc.so.6+0x27249]", "[jit]", "[unknown]", "vfs_read_[k]", "do_syscall_64_[k]", "[kernel]_[k]", "run", "a",
         "function (file.py:12)", "1 2 3", "a.b.c$d", "<module>", "x" * 300]


def random_stacks(seed, number=200):
    source, stacks = random.Random(seed), collections.Counter()
    for _ in range(number):
        names = source.choices(NAMES, k=source.choice([0, 1, 2, 3, 5, 8, 40]))
        names.sort(key=lambda name: name.endswith("_[k]"))
        cut = [f"[truncated: {source.choice(CAUSES)}]"] if source.random() < 0.1 else []
        comm = source.choice(["web", "db worker", "kworker/0:1", "été"])
        stacks[(comm, *cut, *names)] += source.choice([1, 2, 3, 1000, 10 ** 12])
    return stacks


PATTERNS = ["parse", "^main$", r"_\[k\]$", "[0-9]+", "x{20}", "(json|int)", "no such name", "truncated", "é", "."]


@pytest.mark.parametrize("seed", range(12))
def test_ranking_is_what_python_computes(tmp_path, seed):
    stacks = random_stacks(seed)
    path = write_folded(tmp_path / "x.folded", stacks)
    for by in ("function", "comm", "process"):
        got, want = table("--by", by, "--limit", 0, path), ranked(stacks, by)
        assert list(got.rows.items()) == list(want.items()) and got.column == by
        assert got.whole() == sum(stacks.values()) and got.more is None
        for name, shares in got.shares.items():
            assert all(abs(share - 100 * count / got.whole()) <= 0.0051 for share, count in zip(shares, want[name]))
    limited, want = table("--limit", 4, path), ranked(stacks)
    assert list(limited.rows.items()) == list(want.items())[:4]
    assert limited.more == (sum(own for own, _ in list(want.values())[4:]), len(want) - 4)


@pytest.mark.parametrize("seed", range(6))
def test_sieves_are_what_python_computes(tmp_path, seed):
    stacks = random_stacks(seed + 100)
    path, source = write_folded(tmp_path / "x.folded", stacks), random.Random(seed)
    for _ in range(8):
        focus, hide, keep = (source.choice([None, *PATTERNS]) for _ in range(3))
        asked = [word for option, value in (("--focus", focus), ("--hide", hide)) if value for word in (option, value)]
        left = sieved(stacks, focus, hide)
        assert parse_folded(report(*asked, path, "-o", "-")[0]) == left
        got = table(*asked, *(["--filter", keep] if keep else []), "--limit", 0, path)
        want = ranked(left, keep=keep)
        assert list(got.rows.items()) == list(want.items())
        assert got.whole() == sum(stacks.values()), "shares are of the whole profile"
        if asked or keep:
            kept = sum(own for own, _ in want.values())
            assert got.head["kept"].startswith(f"{kept} of {sum(stacks.values())} (")
    for by in ("function", "comm"):
        keep = source.choice(PATTERNS)
        converted = report("--by", by, "--filter", keep, path, "-o", "-")[0]
        assert parse_folded(converted) == belonging(stacks, keep, by)


def test_figures_of_what_is_left(tmp_path):
    stacks = random_stacks(7)
    path = write_folded(tmp_path / "x.folded", stacks)
    report("--focus", "parse", path, "-o", tmp_path / "y.folded", "--stats", tmp_path / "y.json")
    left, stats = sieved(stacks, "parse"), json.loads((tmp_path / "y.json").read_text())
    assert stats["samples"]["taken"] == sum(left.values()) and stats["samples"]["expected"] is None
    for cause in CAUSES:
        assert stats["stacks"]["cut"][cause] == sum(
            count for stack, count in left.items() if stack[1:2] == (f"[truncated: {cause}]",))
    assert stats["stacks"]["complete"] is None, "folded lines do not tell"


def test_files_add_up(tmp_path):
    first, second = random_stacks(1), random_stacks(2)
    one, two = write_folded(tmp_path / "1.folded", first), tmp_path / "2.folded.gz"
    two.write_bytes(gzip.compress(write_folded(tmp_path / "2.folded", second).read_bytes()))
    both = table(one, two, "--limit", 0)
    assert list(both.rows.items()) == list(ranked(first + second).items())
    assert both.head["files"] == f"{one}, {two}"
    assert parse_folded(report(one, two, "-o", "-")[0]) == first + second
    assert table(*[one] * 7).whole() == 7 * sum(first.values())
    with one.open() as stream:
        piped = subprocess.run([profound.binary(), "report", "-", str(two), "--limit", "0"], stdin=stream,
                               capture_output=True, check=True, text=True)
    assert Table(piped.stdout).rows == both.rows


GOLDEN = """\
# file     web.folded
# total    23 samples
# stacks   17.4 % cut (4 no unwind info in libx.so)
# names    90.5 % of frames; unnamed: libx.so 9.5 %
# self    self%   total   total%  function
     7   30.43%       7   30.43%  (no frame)
     5   21.74%       5   21.74%  vfs_read_[k]
     4   17.39%       4   17.39%  [libx.so+0x12]
     7   30.43%       -        -  6 more
"""


def test_golden(tmp_path):
    (tmp_path / "web.folded").write_text(
        "web;main;parse;read_[k];vfs_read_[k] 5\nweb;main;parse 3\nweb;main;main;run;parse;run 2\nswapper 7\n"
        "db;[truncated: no_unwind_info];[libx.so+0x12] 4\ndb;x y (a b)::z<int> 2\n")
    stdout, stderr = report("web.folded", "--limit", 3, cwd=tmp_path)
    assert stderr == ""
    assert stdout == GOLDEN
    quiet = report("-q", "web.folded", "--limit", 3, cwd=tmp_path)[0]
    assert quiet == GOLDEN[GOLDEN.index("# self"):]
    by_file = table("--by", "file", tmp_path / "web.folded")
    assert by_file.rows == {"(file not told)": (7, 12), NO_FRAME: (7, 7), "[kernel]": (5, 5), "[libx.so]": (4, 4)}
    assert table("--by", "container", tmp_path / "web.folded").rows == {"-": (23, 23)}


def test_empty_file(tmp_path):
    (tmp_path / "x.folded").write_text("")
    nothing = table(tmp_path / "x.folded")
    assert nothing.rows == {} and nothing.whole() == 0
    assert report(tmp_path / "x.folded", "-o", "-")[0] == ""


def test_wrote_is_said_on_stderr(tmp_path):
    path = write_folded(tmp_path / "x.folded", random_stacks(3))
    stdout, stderr = report(path, "-o", tmp_path / "y.html", "-o", tmp_path / "y.folded")
    assert stdout == "" and stderr == f"wrote    {tmp_path}/y.html\nwrote    {tmp_path}/y.folded\n"
    assert report(path, "-q", "-o", tmp_path / "y.html") == ("", "")
    stdout, stderr = report(path, "--stats", tmp_path / "y.json")
    assert Table(stdout).rows and stderr == f"wrote    {tmp_path}/y.json\n"


def on_terminal(columns, *argv):
    """What the command prints on a terminal of so many columns."""
    leader, follower = pty.openpty()
    subprocess.run(["stty", "-F", os.ttyname(follower), "cols", str(columns), "rows", "24"], check=True)
    with subprocess.Popen([profound.binary(), "report", *map(str, argv)], stdin=subprocess.DEVNULL, stdout=follower,
                          stderr=subprocess.PIPE) as process:
        os.close(follower)
        text = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break
            if not part:
                break
            text += part
        os.close(leader)
        assert process.wait() == 0
    return text.decode().replace("\r\n", "\n")


def test_width_of_a_terminal(tmp_path):
    path = write_folded(tmp_path / "x.folded", collections.Counter({("a", "x" * 300): 5, ("a", "short"): 1}))
    rows = on_terminal(80, "-q", path).splitlines()
    assert len(rows[1]) == 80 and rows[1].endswith("xxx...") and rows[2].endswith("  short")
    assert max(map(len, report(path)[0].splitlines())) > 300, "a script's names are whole"


# What is refused.

@pytest.mark.parametrize("argv,says", [
    ([], ["profound report FILE"]),
    (["x", "--by", "functions"], ["'functions'", "did you mean function?"]),
    (["x", "--by", "cpu"], ["'cpu'", "container"]),
    (["x", "--limit", "many"], ["--limit", "'many'"]),
    (["x", "--limit", "-3"], ["'-3'"]),
    (["x", "--focus", "("], ["--focus", "'('"]),
    (["x", "--hide", "[z-a]"], ["--hide", "'[z-a]'"]),
    (["x", "--filter", "a{1,2}{3"], ["--filter"]),
    (["x", "--filter", ""], ["empty"]),
    (["x", "--focus", "(" * 30 + "a" + "+)" * 30], ["repeats too much"]),
    (["x", "--focus", r"(.)\1"], ["back references"]),
    (["x", "--focuss", "a"], ["did you mean --focus?"]),
    (["x", "-o", "y.foldde"], ["y.foldde", "did you mean .folded?"]),
    (["x", "--format", "folded"], ["-o"]),
    (["x", "--type", ""], ["--type"]),
], ids=lambda value: " ".join(value)[:40])
def test_wrong_usage(tmp_path, argv, says):
    (tmp_path / "x").write_text("a;b 1\n")
    stderr = refused(2, *[tmp_path / "x" if word == "x" else word for word in argv])
    assert all(text in stderr for text in says), stderr


BROKEN = {"line": b"a;b 1\nno count here\n", "binary": bytes(range(256)) * 9, "gzip": gzip.compress(b"a;b 1\n" * 99)[:-9]}


@pytest.mark.parametrize("kind", [*BROKEN, "missing", "folder"])
def test_unreadable_files(tmp_path, kind):
    """One line that names the file; the good one beside it does not help, and nothing is written."""
    path, good = tmp_path / "broken.folded", write_folded(tmp_path / "good.folded", random_stacks(1))
    if kind in BROKEN:
        path.write_bytes(BROKEN[kind])
    elif kind == "folder":
        path.mkdir()
    assert "broken.folded" in refused(1, path)
    assert "broken.folded" in refused(1, good, path, "-o", tmp_path / "out.folded")
    assert not (tmp_path / "out.folded").exists() and not list(tmp_path.glob(".*"))


def test_unwritable_output(tmp_path):
    good = write_folded(tmp_path / "good.folded", random_stacks(1))
    assert "no/such" in refused(1, good, "-o", tmp_path / "no/such.folded")
    with open("/dev/full", "w") as full:
        done = subprocess.run([profound.binary(), "report", good], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr.startswith("profound report: cannot write the table: No space")


# Real recordings.

CHAIN = ("main", "alpha", "bravo", "charlie", "delta", "spin")


@pytest.fixture(scope="module")
def recordings(build, tmp_path_factory):
    """Two recordings of a program with a known chain: folders with a file of each format that can be read back."""
    made = []
    for seconds in ("2", "1"):
        folder = tmp_path_factory.mktemp("recording")
        files = {name: folder / f"x{extension}" for name, extension in READABLE.items()}
        outputs = [word for path in files.values() for word in ("-o", str(path))]
        status, _, stderr = bare("record", "-F", "999", *outputs, "--stats", str(folder / "x.json"), "--",
                                 str(build("chain")), seconds)
        assert status == 0, stderr
        made.append(files)
    return made


# Extension by name, of the formats that are written and can be read back.
READABLE = {"folded": ".folded", "otlp": ".otlp", "pprof": ".pb.gz"}


def stacks_of(files):
    return parse_folded(files["folded"].read_text())


@pytest.mark.parametrize("name", READABLE)
def test_recording(recordings, name):
    files = recordings[0]
    stacks, got = stacks_of(files), table(files[name], "--limit", 0)
    assert list(got.rows.items()) == list(ranked(stacks).items())
    assert got.rows["spin"][0] > 0.5 * got.whole() and got.rows["main"][1] > 0.9 * got.whole() > 300
    assert table(files[name], "--by", "comm").rows == {"chain": (got.whole(), got.whole())}
    assert table(files[name], "--by", "process").rows == {"chain": (got.whole(), got.whole())}
    focused = table(files[name], "--focus", "^charlie$", "--hide", "^(bravo|spin)$", "--limit", 0)
    assert "bravo" not in focused.rows
    assert list(focused.rows.items()) == list(ranked(sieved(stacks, "^charlie$", "^(bravo|spin)$")).items())


@pytest.mark.parametrize("name", READABLE)
def test_recordings_add_up(recordings, name):
    both = stacks_of(recordings[0]) + stacks_of(recordings[1])
    paths = [files[name] for files in recordings]
    assert list(table(*paths, "--limit", 0).rows.items()) == list(ranked(both).items())
    assert parse_folded(report(*paths, "-o", "-")[0]) == both


@pytest.mark.parametrize("to", READABLE)
@pytest.mark.parametrize("name", READABLE)
def test_conversions(recordings, tmp_path, name, to):
    """From each format into each: what comes back is the folded file, byte for byte."""
    out = tmp_path / f"y{READABLE[to]}"
    report(recordings[0][name], "-o", out)
    assert report(out, "-o", "-")[0] == recordings[0]["folded"].read_text()
    assert report(out, "--limit", 0, "-q")[0] == report(recordings[0]["folded"], "--limit", 0, "-q")[0]


# What only OTLP says.

class Otlp:
    """A ProfilesData as OpenTelemetry's own classes write it: one function a sample."""

    def __init__(self):
        self.data, self.strings = pb.ProfilesData(), {"": 0}
        self.dictionary = self.data.dictionary
        for table in (self.dictionary.mapping_table, self.dictionary.location_table, self.dictionary.function_table,
                      self.dictionary.link_table, self.dictionary.attribute_table, self.dictionary.stack_table):
            table.add()

    def text(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def stack(self, name, source):
        self.dictionary.function_table.add(name_strindex=self.text(name), filename_strindex=self.text(source))
        self.dictionary.location_table.add(
            lines=[pb.Line(function_index=len(self.dictionary.function_table) - 1, line=7)])
        self.dictionary.stack_table.add(location_indices=[len(self.dictionary.location_table) - 1])
        return len(self.dictionary.stack_table) - 1

    def add(self, attributes, samples, type_="samples", unit="count"):
        """samples: {(function, source file): value}"""
        made = pb.Profile(time_unix_nano=1763892900 * 10 ** 9, duration_nano=10 * 10 ** 9, profile_id=bytes(range(16)))
        made.sample_type.CopyFrom(pb.ValueType(type_strindex=self.text(type_), unit_strindex=self.text(unit)))
        for (name, source), value in samples.items():
            made.samples.add(stack_index=self.stack(name, source), values=[value])
        resource = self.data.resource_profiles.add()
        for key, value in attributes.items():
            resource.resource.attributes.add(key=key, value=AnyValue(string_value=value))
        resource.scope_profiles.add(profiles=[made])

    def write(self, path):
        del self.dictionary.string_table[:]
        self.dictionary.string_table.extend(self.strings)
        path.write_bytes(self.data.SerializeToString())
        return path


def test_processes_and_containers(tmp_path):
    otlp = Otlp()
    otlp.add({"process.executable.name": "nginx", "service.name": "shop", "container.id": "0123456789abcdef" * 4,
              "host.name": "web1"}, {("accept", "net.c"): 5, ("parse", "/src/http.c"): 3})
    otlp.add({"process.executable.path": "/usr/bin/ruby3.1", "service.name": "api", "k8s.pod.uid": "5a3f",
              "host.name": "web2"}, {("parse", "/src/json.c"): 2})
    otlp.add({"service.name": "batch"}, {("idle", ""): 1})
    path = otlp.write(tmp_path / "x.otlp")
    functions = table(path)
    assert functions.rows == {"accept": (5, 5), "parse": (5, 5), "idle": (1, 1)}
    assert functions.head["hosts"] == "web1, web2" and functions.head["time"].startswith("2025-11-23T10:15:00Z")
    assert table(path, "--lines").rows == {"accept (net.c:7)": (5, 5), "parse (http.c:7)": (3, 3),
                                           "parse (json.c:7)": (2, 2), "idle": (1, 1)}
    assert table(path, "--by", "process").rows == {"nginx": (8, 8), "ruby3.1": (2, 2), "batch": (1, 1)}
    assert table(path, "--by", "container").rows == {"0123456789ab": (8, 8), "pod 5a3f": (2, 2), "-": (1, 1)}
    assert table(path, "--by", "file").rows == {"net.c": (5, 5), "/src/http.c": (3, 3), "/src/json.c": (2, 2),
                                                "(file not told)": (1, 1)}
    converted = tmp_path / "y.otlp"
    report(path, "--by", "container", "--filter", "^0123|pod", "-o", converted)
    assert table(converted, "--by", "process").rows == {"nginx": (8, 8), "ruby3.1": (2, 2)}
    assert table(converted, "--by", "container").rows == {"0123456789ab": (8, 8), "pod 5a3f": (2, 2)}
    otlp_file.File(converted)


def test_units(tmp_path):
    otlp = Otlp()
    otlp.add({}, {("grow", ""): 12_345_678, ("push", ""): 999}, "inuse_space", "bytes")
    otlp.add({}, {("wait", ""): 4_560_000_000}, "off_cpu", "nanoseconds")
    path = otlp.write(tmp_path / "x.otlp")
    heap = report(path, "--type", "inuse_space")[0].splitlines()
    assert heap[1] == "# total    12.3MB inuse_space in bytes"
    assert [line.split() for line in heap[-2:]] == [
        ["12.3MB", "99.99%", "12.3MB", "99.99%", "grow"], ["999B", "0.01%", "999B", "0.01%", "push"]]
    assert not any(line.startswith("# samples") for line in heap)
    report(path, "-q", "--type", "off_cpu/nanoseconds", "-o", tmp_path / "w.speedscope.json", "-o", tmp_path / "w.html")
    drawn = json.loads((tmp_path / "w.speedscope.json").read_text())["profiles"][0]
    assert (drawn["name"].split()[0], drawn["unit"], sum(drawn["weights"])) == ("off_cpu", "nanoseconds", 4560000000)
    page = (tmp_path / "w.html").read_text()
    assert "4,560,000,000 off_cpu in nanoseconds" in page, "nanoseconds are no samples"
    waits = report(path, "--type", "off_cpu/nanoseconds")[0].splitlines()
    assert waits[-1].split() == ["4.56s", "100.00%", "4.56s", "100.00%", "wait"]
    otlp = Otlp()
    otlp.add({}, {("grow", ""): 7}, "bytes", "bytes")
    report(otlp.write(tmp_path / "bytes.otlp"), "-q", "-o", tmp_path / "b.otlp", "-o", tmp_path / "b.pb.gz")
    for again in ("b.otlp", "b.pb.gz"):
        assert "# total    7B bytes in bytes\n" in report(tmp_path / again)[0], "a type that is called as its unit"
    assert "wall" in refused(1, path, "--type", "wall")


def test_figures_travel(recordings):
    """What the recording lost and cut is said in the table of its OTLP file."""
    files = recordings[0]
    stats, head = json.loads(files["folded"].with_suffix(".json").read_text()), table(files["otlp"]).head
    samples = stats["samples"]
    assert head["samples"].startswith(f"{samples['taken']:,} of {samples['expected']:,} expected; ")
    assert f"; {samples['lost']['not_run']:,} not run by the kernel; " in head["samples"]
    assert " complete" in head["stacks"] and head["event"].endswith(" at 999 Hz")


def test_known_loss_is_not_hidden_by_a_file_without_figures(recordings, tmp_path):
    files, other = recordings[0], tmp_path / "other.folded"
    other.write_text("a;b 7\n")
    lost = json.loads(files["folded"].with_suffix(".json").read_text())["samples"]["lost"]
    for order in ([files["otlp"], other], [other, files["otlp"]]):
        report(*order, "-q", "-o", tmp_path / "sum.otlp", "--stats", tmp_path / "sum.json")
        samples = json.loads((tmp_path / "sum.json").read_text())["samples"]
        assert samples["lost"] == lost and samples["expected"] is None
        assert f"; {lost['not_run']:,} not run by the kernel; " in table(tmp_path / "sum.otlp").head["samples"]


def test_figures_of_a_part(recordings, tmp_path):
    """Hidden functions lose no sample, so what was expected stays; what is left of the stacks is counted anew."""
    files, out = recordings[0], tmp_path / "y.json"
    stacks, whole = stacks_of(files), json.loads(files["folded"].with_suffix(".json").read_text())

    def figures(*argv):
        report(files["otlp"], *argv, "-o", tmp_path / "y.otlp", "--stats", out)
        stats = json.loads(out.read_text())
        profound.check_identity(stats, parse_folded(report(tmp_path / "y.otlp", "-o", "-")[0]))
        return stats

    hidden = figures("--hide", "^spin$")
    assert hidden["samples"] == whole["samples"] and hidden["stacks"]["complete"] == whole["stacks"]["complete"]
    left, part = sum(sieved(stacks, r"_\[k\]$").values()), figures("--focus", r"_\[k\]$")
    assert left < whole["samples"]["taken"]
    assert part["samples"]["taken"] == left and part["samples"]["expected"] is None
    assert part["samples"]["lost"] == whole["samples"]["lost"]
    assert part["frames"]["by_fp"] is None and hidden["frames"]["by_fp"] is None, "of the whole, not of what is left"
    otlp_file.File(tmp_path / "y.otlp")


def test_many_stacks(tmp_path):
    """Memory is the file and what is distinct in it: 200,000 stacks of 11 functions."""
    path, source = tmp_path / "many.folded", random.Random(1)
    names = [f"function_number_{i}" for i in range(20000)]
    with path.open("w") as out:
        for i in range(200000):
            out.write(f"comm{i % 50};{';'.join(source.choices(names, k=10))};leaf_{i % 3000} {1 + i % 7}\n")
    most = 3 * path.stat().st_size + (64 << 20)  # the program itself and its libraries
    text, _ = report(path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)))
    assert Table(text).whole() == sum(1 + i % 7 for i in range(200000))


def test_pprof_keeps_the_service(target, record, tmp_path):
    """Its label for that is `service`: Pyroscope refuses a file that has service.name."""
    chain = target("chain", 60, env={**os.environ, "OTEL_SERVICE_NAME": "recommender"})
    record("-p", chain.pid, "-F", "499", "-d", "1", "-o", tmp_path / "x.pb.gz")
    report(tmp_path / "x.pb.gz", "-o", tmp_path / "x.otlp")
    [(labels, _, _)] = otlp_file.File(tmp_path / "x.otlp").profiles()
    assert labels["service.name"] == "recommender"
    table = Table(report(tmp_path / "x.pb.gz", "--by", "process")[0])
    assert set(table.rows) == {"chain"}
