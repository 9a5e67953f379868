# SPDX-License-Identifier: GPL-2.0-or-later
"""
Our unwind rows against binutils' readelf, for the ELF files of this machine: a sample of them, or all ("whole").
The report says how much there was, what is unsupported, and how much of the code has rows.
"""
import concurrent.futures
import os
import re
import shutil
import struct
import subprocess

import pytest

import compare
import elves
import linker_code
import oracle

WORKERS = min(os.cpu_count() or 1, 2)
UNSUPPORTED_SHARE = 0.0001


def outcomes(paths):
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        yield from pool.map(compare.compare, paths, chunksize=8)


def check(paths):
    differences, unsupported, rows = [], [], 0
    for outcome in outcomes(paths):
        rows += outcome.rows
        differences += [f"{outcome.path} {line}" for line in outcome.differences[:20]]
        unsupported += [f"{outcome.path} {start}" for start in outcome.unsupported]
    print(f"{len(paths)} files, {rows} rows, {len(differences)} differences, {len(unsupported)} unsupported:",
          *unsupported, sep="\n  ")
    assert paths and rows
    assert not differences, "\n".join(differences[:100])
    assert len(unsupported) <= rows * UNSUPPORTED_SHARE, "too many unsupported rows"


def test_a_sample_of_this_machine():
    check(elves.sample(elves.everything()))


@pytest.mark.whole
def test_every_file_of_this_machine():
    check(elves.everything())


def library():
    return next((path for path in ("/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libc.so.6", "/lib64/libc.so.6")
                 if os.path.exists(path)), None)


def without_sections(path):
    """Clears e_shoff, e_shnum and e_shstrndx."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<Q", data, 40, 0)
    struct.pack_into("<HH", data, 60, 0, 0)
    path.write_bytes(data)


def test_a_file_without_sections_has_the_same_rows(tmp_path):
    copy = tmp_path / "copy.so"
    shutil.copy(library(), copy)
    rows, _ = compare.ours(copy)
    without_sections(copy)
    assert compare.ours(copy)[0] == rows and len(rows) > 10000


def test_the_vdso(tmp_path):
    with open("/proc/self/maps", encoding="ascii") as maps:
        found = re.search(r"^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$", maps.read(), re.M)
    if not found:
        pytest.skip("this kernel maps no vDSO")
    start, end = int(found[1], 16), int(found[2], 16)
    with open("/proc/self/mem", "rb") as memory:
        memory.seek(start)
        (tmp_path / "vdso").write_bytes(memory.read(end - start))
    outcome = compare.compare(tmp_path / "vdso")
    assert outcome.rows > 4 and not outcome.differences and not outcome.unsupported


REALIGNED = """
void use(void *, void *);
int realigned(int n)
{
	char moving[n];
	_Alignas(64) char fixed[64];

	use(moving, fixed);
	return fixed[0] + moving[0];
}
"""


def test_a_realigned_frame(tmp_path):
    (tmp_path / "made.c").write_text(REALIGNED)
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fomit-frame-pointer", "-o", tmp_path / "made.so",
                    tmp_path / "made.c"], check=True)
    outcome, (rows, _) = compare.compare(tmp_path / "made.so"), compare.ours(tmp_path / "made.so")
    assert not outcome.differences and not outcome.unsupported
    assert any(re.fullmatch(r"\*\(rbp-\d+\)\t\*\(rbp\+0\)\tc-8", row) for _, row in rows)
    assert any(row.startswith("r10+0\t") for _, row in rows)


@pytest.mark.parametrize("place, text", [("libc.so.6", "signal"), ("libcrypto.so.3", "*(rsp+"),
                                         ("libc.so.6", "plt(")])
def test_the_odd_ones_are_there(place, text):
    """That nothing differs proves nothing if the odd rows were absent from both."""
    path = os.path.join(os.path.dirname(library()), place)
    if not os.path.exists(path):
        pytest.skip(f"no {path}")
    rows, _ = compare.ours(path)
    assert any(text in row for _, row in rows)


def test_start_files_code_has_rows():
    """crti.o's _init and all of crtbegin.o's functions, from their first bytes on."""
    path = shutil.which("true")
    sections = oracle.sections(path)
    starts = [sections[".init"][1], *(start for start, _, _ in linker_code.crtbegin(path, sections))]
    rows = compare.ours(path)[0]
    assert len(starts) == 5 and all((start, "rsp+8\tu\tc-8") in rows for start in starts), starts


def test_start_has_no_caller():
    rows, _ = compare.ours(shutil.which("true"))
    assert any(row == "undefined\tu\tu" for _, row in rows)


@pytest.mark.parametrize("words, status, said", [
    ([], 2, "needs a subject: tables FILE, stack PID"), (["tables"], 2, "tables needs a file"),
    (["tabels", "x"], 2, "unknown subject 'tabels'; did you mean tables?"),
    (["tables", "x", "y"], 2, "a file at a time"), (["tables", "/nonexistent"], 1, "No such file"),
    (["tables", "/dev/null"], 1, "no ELF file of x86-64"),
    (["tables", __file__], 1, "no ELF file of x86-64")])
def test_what_it_cannot_print(words, status, said):
    done = subprocess.run([compare.PROFOUND, "debug", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    assert (done.returncode, done.stdout) == (status, "") and said in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_evaluator_knows_right_from_wrong():
    plt = "DW_OP_breg7 (rsp): 8; DW_OP_breg16 (rip): 0; DW_OP_lit15; DW_OP_and; DW_OP_lit11; DW_OP_ge; DW_OP_lit3; " \
          "DW_OP_shl; DW_OP_plus"
    drap = "DW_OP_breg6 (rbp): -40; DW_OP_deref"
    further = "DW_OP_breg7 (rsp): 88; DW_OP_deref; DW_OP_plus_uconst: 8"
    indexed = "DW_OP_breg7 (rsp): 8; DW_OP_breg9 (r9): 0; DW_OP_lit8; DW_OP_mul; DW_OP_plus; DW_OP_deref; " \
              "DW_OP_plus_uconst: 8"
    for text, expression in (("plt(11)", plt), ("*(rbp-40)", drap), ("*(rsp+88)+8", further),
                             ("*(rsp+8+8*r9)+8", indexed)):
        assert compare.same_value(text, expression)
    for text, expression in (("plt(10)", plt), ("plt(12)", plt), ("rsp+8", plt), ("*(rbp-48)", drap), ("rbp-40", drap),
                             ("*(rsp-40)", drap), ("*(rsp+88)", further), ("*(rsp+88)+16", further), ("*(rsp+8)+8", indexed),
                             ("*(rsp+8+8*r8)+8", indexed)):
        assert not compare.same_value(text, expression)
    row = oracle.Row("rsp+16", "c-16", "c-8", "u", None)
    assert compare.agrees("rsp+16\tc-16\tc-8", row, False)
    for text in ("rsp+8\tc-16\tc-8", "rsp+16\tu\tc-8", "rsp+16\tc-16\tc-16", "none\tu\tu", "unsupported\tu\tu",
                 "undefined\tu\tu", "signal\tu\tu"):
        assert not compare.agrees(text, row, False)
