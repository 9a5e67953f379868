# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows from Go's pclntab against two oracles that share nothing with them: Go's own DWARF .debug_frame says the CFA
at every PC (readelf), the instructions say where rbp is (objdump). GO_BINARIES names more compilers than `go`."""
import bisect
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROWS = pathlib.Path(os.environ.get("O", "build")).absolute() / "tests/tables/go_rows"
COMPILERS = [go for go in os.environ.get("GO_BINARIES", shutil.which("go") or "").split(":") if go]

PLAIN = """package main
import ("crypto/sha256"; "fmt"; "math/big"; "os"; "sort"; "strings"; "time")
func deep(n int) int {
	var a [64]int
	if n == 0 { return a[n&63] }
	a[n&63] = deep(n - 1)
	return a[n&63] + n
}
func main() {
	s := []string{"b", "a"}
	sort.Strings(s)
	c := make(chan int)
	go func() { c <- deep(1000) }()
	fmt.Println(sha256.Sum256([]byte(strings.Join(os.Args, " "))), s, <-c, time.Now(), big.NewInt(7).String())
}
"""
CGO = """package main
/*
extern void back(int);
static int twice(int x) { back(x); return 2 * x; }
*/
import "C"
import "fmt"
//export back
func back(x C.int) { fmt.Println("back", x) }
func main() { fmt.Println(C.twice(21)) }
"""
KINDS = {  # name: (source, cgo, flags, what strip does to it)
    "plain": (PLAIN, 0, [], None),
    "stripped": (PLAIN, 0, ["-ldflags", "-s -w"], None),
    "pie": (PLAIN, 0, ["-buildmode=pie"], None),
    "cgo": (CGO, 1, [], None),
    "cgo pie": (CGO, 1, ["-buildmode=pie"], None),
    "no sections": (PLAIN, 0, [], "--strip-section-headers"),
}

# Where we may differ from pcsp and .debug_frame, which know one stack only: go_frame.c's table says why.
OTHER_STACK = re.compile(
    r"^(runtime\.(mcall|morestack|systemstack|asmcgocall(_no_g)?|nanotime1|walltime1?|vgetrandom1|sigfwd|callCgo\w+|"
    r"cgocallback|clone|gogo|jmpdefer|rt0_go|mstart|goexit|sigreturn(__sigaction)?|switchToCrashStack0?)|time\.now|gogo|"
    r"_rt0_amd64(_linux)?)$")


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def build(compiler, kind, folder):
    source, cgo, flags, strip = KINDS[kind]
    (folder / "main.go").write_text(source)
    env = dict(os.environ, CGO_ENABLED=str(cgo), GO111MODULE="off", GOTOOLCHAIN="local", GOFLAGS="", GOENV="off")
    env.pop("GOROOT", None)
    run(compiler, "build", "-o", "made", *flags, "main.go", cwd=folder, env=env)
    if strip:
        strip_sections(folder / "made")
    return folder / "made"


def strip_sections(path):
    """Clears e_shoff, e_shnum and e_shstrndx: a file that only has segments."""
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(bytes(8))
        file.seek(60)
        file.write(bytes(4))


class Rows:
    def __init__(self, path):
        self.ranges, self.starts, self.rows = [], [], []
        found = {}
        for line in run(ROWS, path).splitlines():
            fields = line.split()
            if fields[0] == "range":
                self.ranges.append((int(fields[1], 16), int(fields[2], 16)))
            else:
                found[int(fields[0], 16)] = (fields[1], fields[2])
        self.starts = sorted(found)
        self.rows = [found[start] for start in self.starts]

    def at(self, pc):
        return self.rows[bisect.bisect_right(self.starts, pc) - 1]


def frames(path):
    """Yields (start, end, [(pc, cfa, ra)]) of every FDE of .debug_frame."""
    text = run("readelf", "--debug-dump=frames-interp", path, stderr=subprocess.DEVNULL)
    text = text[re.search(r"Contents of the \.z?debug_frame section", text).start():]
    for block in re.split(r"\n\n+", text):
        head = re.search(r"FDE.* pc=([0-9a-f]+)\.\.([0-9a-f]+)", block)
        if head:
            rows = [(int(a, 16), cfa, ra) for a, cfa, ra in
                re.findall(r"^([0-9a-f]{16}) (\S+) +(\S+)", block[head.end():], re.M)]
            yield int(head[1], 16), int(head[2], 16), rows


def functions(path):
    """{address: name} without the linker's suffixes."""
    out = {}
    for line in run("nm", path).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tT":
            out.setdefault(int(fields[0], 16), re.sub(r"<\d*>$|\.abi\w+$", "", fields[2]))
    return out


def disassembly(path):
    """{function address: [(pc, text)]}"""
    out, name = {}, None
    for line in run("objdump", "-d", "--no-show-raw-insn", "-j", ".text", path).splitlines():
        head = re.match(r"([0-9a-f]{16}) <", line)
        if head:
            name = out.setdefault(int(head[1], 16), [])
        elif name is not None and re.match(r" *[0-9a-f]+:\t", line):
            pc, text = line.split(":\t", 1)
            name.append((int(pc, 16), re.sub(" +", " ", text.split("#")[0].strip())))
    return out


SAVE = re.compile(r"^(push %rbp|mov %rbp,(0x[0-9a-f]+)?\(%rsp\))$")
FRAME = re.compile(r"^(mov %rsp,%rbp|lea (0x[0-9a-f]+)?\(%rsp\),%rbp|pop %rbp|mov (0x[0-9a-f]+)?\(%rsp\),%rbp)$")
WRITE = re.compile(r"^(?!cmp|test|push|bt |j|call|u?comis)\S+ (.*,)?%(rbp|ebp|bp|bpl)$|^xchg .*%[er]?bp|^leave")


def rbp_differences(code, rows):
    """Of one function, in the order of addresses: where its instructions do not bear out what we say of rbp."""
    saved = written = False
    before = ""
    for pc, text in code:
        cfa, rbp = rows.at(pc)
        if rbp == "u" and cfa.startswith("rsp"):
            if written:
                yield pc, text, "rbp said to be untouched, but written"
            if cfa != "rsp+8" and saved and not re.match(r"mov .*\(%rsp\),%rbp$", before):
                yield pc, text, "rbp said to be untouched in a frame"
        if rbp == "c-16" and not saved:
            yield pc, text, "rbp said to be saved before it is"
        if rbp == "c-16" and cfa == "rsp+8":
            yield pc, text, "rbp said to be saved without a frame"
        if SAVE.match(text):
            saved = True
        if WRITE.match(text) and not FRAME.match(text) and (cfa == "rsp+8" or not saved):
            written = True
        before = text


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    cache = {}

    def get(compiler, kind):
        if (compiler, kind) not in cache:
            cache[compiler, kind] = build(compiler, kind, tmp_path_factory.mktemp("go"))
        return cache[compiler, kind]
    return get


pytestmark = pytest.mark.skipif(not COMPILERS, reason="no go compiler on this machine")
every_compiler = pytest.mark.parametrize("compiler", COMPILERS)
with_symbols = pytest.mark.parametrize("kind", ["plain", "pie", "cgo", "cgo pie"])


@every_compiler
@with_symbols
def test_cfa_is_debug_frames(built, compiler, kind):
    path = built(compiler, kind)
    rows, names = Rows(path), functions(path)
    seen = differences = 0
    for start, end, said in frames(path):
        name = names.get(start, "?")
        points = sorted({pc for pc, _, _ in said} |
            {pc for pc in rows.starts[bisect.bisect(rows.starts, start):bisect.bisect(rows.starts, end - 1)]})
        truth = dict((pc, (cfa, ra)) for pc, cfa, ra in said if pc < end)
        now = None
        for pc in points:
            now = truth.get(pc, now)
            seen += 1
            if OTHER_STACK.match(name):
                continue
            ours = rows.at(pc)[0]
            if ours != now[0] and not (ours == "end" and now[1] == "u"):
                differences += 1
                print(f"{pc:x} {name}: {ours}, .debug_frame {now}")
    print(f"{compiler} {kind}: {seen} places compared")
    assert seen > 5000 and not differences


@every_compiler
@with_symbols
def test_every_function_is_covered(built, compiler, kind):
    path = built(compiler, kind)
    rows = Rows(path)
    starts = [start for start, _ in rows.ranges]
    missing = [hex(start) for start, end, _ in frames(path)
        if not any(lo <= start and end - 1 <= hi for lo, hi in
            rows.ranges[max(0, bisect.bisect_right(starts, start) - 1):][:1])]
    assert not missing


@every_compiler
@with_symbols
def test_rbp_is_what_instructions_do(built, compiler, kind):
    path = built(compiler, kind)
    rows, code = Rows(path), disassembly(path)
    covered = {start for start, _ in rows.ranges}
    names = functions(path)
    checked = bad = 0
    for start in sorted(covered & set(code)):
        for pc, text, why in rbp_differences(code[start], rows):
            bad += 1
            print(f"{pc:x} {names.get(start)}: {text}: {why} {rows.at(pc)}")
        checked += len(code[start])
    print(f"{compiler} {kind}: {checked} instructions checked")
    assert checked > 50000 and not bad


@every_compiler
@with_symbols
def test_rbp_heads_the_frame_of_those_who_switch_stacks(built, compiler, kind):
    """Where our CFA is rbp + 16, nothing but the prologue, the epilogue and g.sched.bp's restoring writes rbp."""
    path = built(compiler, kind)
    rows, code, names = Rows(path), disassembly(path), functions(path)
    headed = set()
    for start, body in code.items():
        if not any(rows.at(pc)[0] == "rbp+16" for pc, _ in body if rows.starts and pc >= rows.starts[0]):
            continue
        headed.add(names.get(start))
        writes = [text for _, text in body if WRITE.match(text) and not FRAME.match(text)]
        assert all(re.match(r"mov 0x6[08]\(%rax\),%rbp", text) for text in writes), (names.get(start), writes)
    print(f"{compiler} {kind}: {sorted(map(str, headed))}")
    assert "runtime.nanotime1" in headed


@every_compiler
def test_ends_and_signal(built, compiler):
    path = built(compiler, "plain")
    rows, names = Rows(path), {name: at for at, name in functions(path).items()}
    for name in ("runtime.goexit", "runtime.mstart", "runtime.rt0_go"):
        assert rows.at(names[name])[0] == "end"
    sigreturn = names.get("runtime.sigreturn__sigaction", names.get("runtime.sigreturn"))
    assert rows.at(sigreturn)[0] == rows.at(sigreturn - 1)[0] == "signal"
    assert rows.at(sigreturn - 2)[0] != "signal"
    assert rows.at(names["runtime.sigtramp"])[0] == "rsp+8"


@every_compiler
def test_stripped_rows_are_the_same(built, compiler):
    """-s -w moves data, so rows are compared with those of a copy of the plain file that has no sections."""
    whole, bare = Rows(built(compiler, "plain")), Rows(built(compiler, "no sections"))
    assert whole.rows == bare.rows and whole.starts == bare.starts
    assert len(Rows(built(compiler, "stripped")).rows) > 5000
