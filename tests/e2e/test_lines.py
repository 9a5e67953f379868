# SPDX-License-Identifier: GPL-2.0-or-later
"""Inlined functions in real recordings, and what becomes of one whose debug information is bad."""
import re
import subprocess

from profound import assert_share

INLINED = ("main", "outer_work", "middle_work", "inner_work")


def chain_of(stack):
    return tuple(frame for frame in stack if frame in INLINED)


def test_inlined_functions(target, record_while):
    """Two of them are no functions of their own in the machine code."""
    inlined = target("inlined", 2)
    inlined.wait_for("begin")
    run = record_while(inlined, "-F", "999")
    assert_share(run.of("inlined"), lambda stack: chain_of(stack) == INLINED, 0.95, 1000)


def test_without_inlined_functions(target, record_while):
    inlined = target("inlined", 1)
    inlined.wait_for("begin")
    run = record_while(inlined, "-F", "999", "--no-inline")
    assert_share(run.of("inlined"), lambda stack: chain_of(stack) == ("main", "outer_work"), 0.95, 500)


def test_source_lines(target, record_while):
    """Each function with its own file and line, the inlined ones too."""
    inlined = target("inlined", 1)
    inlined.wait_for("begin")
    run = record_while(inlined, "-F", "999", "--lines")
    lines = re.compile(r"(main|outer_work|middle_work|inner_work) \(inlined\.c:[1-9][0-9]*\)")
    assert_share(run.of("inlined"),
                 lambda stack: tuple(m.group(1) for m in map(lines.fullmatch, stack) if m) == INLINED, 0.95, 500)


def test_bad_debug_information(build, target, record_while, tmp_path):
    """Compressed, and what is compressed is garbage: names are whole, lines are missing, and that is told."""
    path = tmp_path / "broken"
    subprocess.run(["objcopy", "--compress-debug-sections=zlib", build("inlined"), path], check=True)
    sections = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout
    offset, size = next((int(words[3], 16), int(words[4], 16)) for words in
                        (line.partition("]")[2].split() for line in sections.splitlines())
                        if words and words[0] == ".debug_info")
    data = bytearray(path.read_bytes())
    data[offset + 24:offset + size] = bytes(size - 24)
    path.write_bytes(data)
    broken = target(path, 2)
    broken.wait_for("begin")
    run = record_while(broken, "-F", "999")
    assert_share(run.of("broken"), lambda stack: chain_of(stack) == ("main", "outer_work"), 0.95, 1000)
    assert run.stats["notes"]["debug_info_failed"] == 1, run.stats
