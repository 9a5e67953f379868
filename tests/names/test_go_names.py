# SPDX-License-Identifier: GPL-2.0-or-later
"""
Names of Go code against two oracles: Go's runtime, of whose own code a program that was built in many ways asks
(runtime.CallersFrames, with the inlined frames that runtime/pprof asks for), and `go tool addr2line`.
"""
import collections
import functools
import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("O", "build")).absolute()
NAMES = BUILD / "tests/names/go_names"
SELF = pathlib.Path(__file__).resolve().parent / "self.go"
# The machine's own, and those that the Go proxy gives, a version of each layout.
VERSIONS = ("local", *(pytest.param(version, marks=pytest.mark.whole) for version in
            ("1.16.15", "1.17.13", "1.18.10", "1.20.14", "1.22.12", "1.25.5")))
PCS = 20000

START_LINE = """
//go:linkname startLine runtime/pprof.runtime_FrameStartLine
func startLine(f *runtime.Frame) int
"""
PARTS = {  # name: text by (made since this minor version)
    "generic": (18, """
type number interface{ ~int | ~float64 }
type list[T number] struct{ all []T }
func (l *list[T]) sum() (s T) { for _, x := range l.all { s += twice(x) }; return }
func twice[T number](x T) T { return plus(x, x) }
func plus[T number](x, y T) T { return x + y + T(leaf(1)) }
func each[T, U any](in []T, f func(T) U) (out []U) { for _, x := range in { out = append(out, f(x)) }; return }
func generics() int {
	a, b := &list[int]{[]int{1, sink}}, &list[float64]{[]float64{1, 2}}
	return a.sum() + int(b.sum()) + len(each(a.all, func(x int) string { return string(rune(two(x))) }))
}
"""),
    "plain": (0, "func generics() int { return 0 }\n"),
}
CGO = """package main

// static int twice(int x) { return 2 * x; }
import "C"

func foreign(x int) int { return int(C.twice(C.int(x))) }
"""
KINDS = {  # name: (cgo, flags, linker's flags)
    "plain": (0, [], ""),
    "stripped": (0, [], "-s -w"),
    "pie": (0, ["-buildmode=pie"], ""),
    "stripped pie": (0, ["-buildmode=pie"], "-s -w"),
    "cgo": (1, [], ""),
    "stripped cgo pie": (1, ["-buildmode=pie"], "-s -w"),
    "no sections": (0, [], ""),
    "not optimised": (0, ["-gcflags=all=-N -l"], ""),
}


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **more)
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    return done.stdout


@functools.lru_cache(None)
def toolchain(version):
    """(the go command of a version, its minor version). Others than the machine's come from the Go proxy."""
    if not shutil.which("go"):
        pytest.skip("no go compiler on this machine")
    env = dict(os.environ, GOFLAGS="", GOTOOLCHAIN="local" if version == "local" else f"go{version}")
    try:
        done = subprocess.run(["go", "env", "GOROOT", "GOVERSION"], env=env, capture_output=True, text=True, timeout=120,
                              check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"go {version}: the Go proxy did not give it within 120 s")
    if done.returncode:
        pytest.skip(f"go {version} cannot be had: {done.stderr.strip()[-200:]}")
    root, said = done.stdout.split()
    if version != "local" and said != f"go{version}":
        pytest.skip(f"go {version} cannot be had: this go command knows no toolchains ({said})")
    return pathlib.Path(root) / "bin/go", int(re.match(r"go1\.(\d+)", said)[1])


def write_sources(folder, minor, cgo):
    generic = PARTS["generic" if minor >= PARTS["generic"][0] else "plain"][1]
    start = START_LINE if minor >= 20 else "func startLine(f *runtime.Frame) int { return 0 }\n"
    foreign = "" if cgo else "func foreign(x int) int { return x }\n"
    (folder / "self.go").write_text(SELF.read_text())
    (folder / "more.go").write_text('package main\n\nimport "runtime"\nimport _ "unsafe"\n\nvar _ runtime.Frame\n' + generic +
                                    start + foreign)
    (folder / "go.mod").write_text(f"module self\n\ngo 1.{minor}\n")
    if cgo:
        (folder / "foreign.go").write_text(CGO)


def strip_sections(path):
    """Clears e_shoff, e_shnum and e_shstrndx: a file that only has segments."""
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(bytes(8))
        file.seek(60)
        file.write(bytes(4))


def build(version, kind, folder):
    go, minor = toolchain(version)
    cgo, flags, link = KINDS[kind]
    if cgo and not shutil.which("gcc"):
        pytest.skip("no gcc for cgo")
    write_sources(folder, minor, cgo)
    link += " -checklinkname=0" if minor >= 23 else ""
    env = dict(os.environ, CGO_ENABLED=str(cgo), GOTOOLCHAIN="local", GOFLAGS="", GOENV="off", GOROOT=str(go.parents[1]),
               GOWORK="off", GO111MODULE="on", CGO_CFLAGS="-O1")
    # Functions without a body want -complete off.
    run(go, "build", "-o", "made", *([] if any("-gcflags" in flag for flag in flags) else ["-gcflags=self=-complete=0"]),
        *(flag + " -complete=0" if "-gcflags" in flag else flag for flag in flags), f"-ldflags={link}", ".", cwd=folder,
        env=env)
    if kind == "no sections":
        strip_sections(folder / "made")
    return folder / "made"


def code_of(path):
    """[(start, end)] of the executable segments."""
    return [(int(at, 16), int(at, 16) + int(size, 16)) for at, size in
            re.findall(r"LOAD +\S+ (0x\w+) \S+ (0x\w+) \S+ R E", run("readelf", "-lW", path))]


def some_of(path, count, seed):
    """Random addresses of code, in order, each once."""
    choose = random.Random(seed)
    (start, end), = code_of(path)
    return sorted({choose.randrange(start, end) for _ in range(count)})


def as_chains(text):
    """{address: [(function, file:line, first line)]}, innermost first."""
    chains = collections.defaultdict(list)
    for line in text.splitlines():
        address, *what = line.split("\t")
        chains[int(address, 16)] += [tuple(what)] if what else []
    return chains


def ask(command, addresses):
    return as_chains(run(*command, input="".join(f"{address:x}\n" for address in addresses)))


UNKNOWN = ("?:0", ":0", ":-1") # how Go's tools print a place that the table does not tell: padding


def clean(chain):
    return [(name, "?:0" if place in UNKNOWN else place, first) for name, place, first in chain]


def less_wrappers(want, got):
    """
    The runtime leaves out callers that the compiler or it marks as wrappers (elideWrapperCalling), also around what was
    inlined there; we leave out nothing.
    """
    rest = iter(got)
    return bool(want) and want[0] == got[0] and all(line in rest for line in want)


def first_address(path):
    return min(int(at, 16) for at in re.findall(r"LOAD +\S+ (0x\w+)", run("readelf", "-lW", path)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_runtime_says(tmp_path, version, kind):
    path = build(version, kind, tmp_path)
    addresses = some_of(path, PCS, f"{version} {kind}")
    oracle = ask([path, *([f"{first_address(path):x}"] if "pie" in kind else [])], addresses)
    ours = ask([NAMES, path], addresses)
    bad, wrappers = [], 0
    for address in addresses:
        if ("not asked",) in oracle[address]:
            continue
        want, got = clean(oracle[address]), clean(ours[address])
        if want == got:
            continue
        if less_wrappers(want, got):
            wrappers += 1
        else:
            bad.append(f"{address:x}: {got}, the runtime {want}")
    deepest = max(map(len, oracle.values()))
    named = sum(bool(chain) for chain in oracle.values())
    print(f"{version} {kind}: {len(addresses)} addresses, {named} in Go, up to {deepest} functions, {len(bad)} differ, "
          f"{wrappers} less wrappers")
    assert wrappers < len(addresses) / 100
    assert named > len(addresses) / 2 and (deepest >= 4 or kind == "not optimised")
    assert not bad, "\n".join(bad[:20])


def shorten(name):
    return re.sub(r"\[.*\]", "[...]", name)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_addr2line_says(version):
    """Of the go command itself: the function that holds the code, and the innermost line."""
    go, minor = toolchain(version)
    addresses = some_of(go, PCS, version)
    asked = "".join(f"{address:#x}\n" for address in addresses)
    env = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="", GOENV="off", GOROOT=str(go.parents[1]))
    said = run(go, "tool", "addr2line", go, input=asked, env=env).splitlines()
    ours = ask([NAMES, go], addresses)
    bad = []
    for address, name, place in zip(addresses, said[::2], said[1::2], strict=True):
        chain = ours[address]
        got = (chain[-1][0], chain[0][1]) if chain else ("?", "?:0")
        if "." not in name and got[1] == "?:0": # C, which has no lines; the tool reads them at offset 0 all the same
            place = "?:0"
        if got != (shorten(name) if minor >= 18 else name, "?:0" if place in UNKNOWN else place):
            bad.append(f"{address:x}: {got}, addr2line {name} {place}")
    print(f"{version}: {len(addresses)} addresses of {go.name}, {len(bad)} differ")
    assert not bad, "\n".join(bad[:20])


def test_one_name_for_stripped_and_not(tmp_path):
    """Of both builds the same functions are named, by the same names."""
    names = []
    for kind in ("plain", "stripped"):
        folder = tmp_path / kind
        folder.mkdir()
        path = build("local", kind, folder)
        chains = ask([NAMES, path], range(*code_of(path)[0], 16))
        names.append({chain[-1][0] for chain in chains.values() if chain})
    assert len(names[0]) > 2000 and names[0] == names[1], names[0] ^ names[1]


def test_no_table():
    """A file without one says so."""
    done = subprocess.run([NAMES, "/bin/true"], input="1000\n", capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "No data available" in done.stderr
