# SPDX-License-Identifier: GPL-2.0-or-later
"""
Inlined functions and source lines against llvm-symbolizer and addr2line, at random addresses of our own builds and of
Debian's debug packages. An answer is right when one of the two gives it; the others are listed.

"""
import collections
import os
import re
import subprocess

import pytest

import answers
import builds

RIGHT = 0.999
CASES = [(compiler, version, way) for compiler in builds.COMPILERS for version in builds.VERSIONS
         for way in builds.WAYS if (compiler, version, way) != ("clang", 5, "dwz")]  # dwz 0.15 knows no .debug_addr
# Packages whose files of /usr/lib/debug are read.
PACKAGES = ("libc6-dbg", "libspf2-2-dbg", "libboolstuff-0.1-0-dbg")


class Aliases:
    """Names of one address are one function to all but the linker."""

    def __init__(self, path):
        text = subprocess.run(["nm", "--without-symbol-versions", path], capture_output=True, text=True).stdout
        self.at = {}
        for line in text.splitlines():
            words = line.split()
            if len(words) == 3:
                self.at.setdefault(words[2], set()).add(words[0])

    def same(self, ours, theirs):
        theirs = theirs.split("@")[0]
        if ours == theirs or self.at.get(ours, set()) & self.at.get(theirs, set()):
            return True
        # What the symbol table calls a part of a function, DWARF calls the function.
        return re.sub(r"\.(cold|part|isra|constprop)(\.\d+)*", "", ours) in (theirs, *self.of(theirs))

    def of(self, name):
        return {other for other, places in self.at.items() if places & self.at.get(name, set())}


def same_file(ours, theirs):
    """DWARF 5's directory 0 is the compilation's; both others put that in front of it again when it is relative."""
    return ours == theirs or any(
        theirs == f"{ours[:at]}/{ours}" for at in (match.start() for match in re.finditer("/", ours)))


def same(aliases, ours, theirs):
    if len(ours) != len(theirs):
        return False
    for number, (our, their) in enumerate(zip(ours, theirs)):
        outermost = number == len(ours) - 1
        if our[0] != their[0] and not (outermost and aliases.same(our[0], their[0])):
            return False
        # Without a line there is no file: others take the symbol table's, which is no path.
        if our[2] != their[2] or ((our[2] or not outermost) and not same_file(our[1], their[1])):
            return False
    return True


def compare(capsys, name, path, oracle, count):
    addresses = builds.addresses(path, count)
    ours, said = answers.ours(path, addresses)
    others = [answers.llvm(oracle, addresses), answers.binutils(oracle, addresses)]
    aliases = Aliases(oracle)
    wrong = [address for address in addresses
             if not any(same(aliases, ours[address], other.get(address, [])) for other in others)]
    inlined = sum(len(ours[address]) > 1 for address in addresses)
    lined = sum(ours[address][0][2] > 0 for address in addresses)
    with capsys.disabled():
        print(f"\n{name}: {len(addresses)} addresses, {lined} with a line, {inlined} inlined, {len(wrong)} differ")
        for address in wrong[:10]:
            print(f"  {address:#x} {ours[address]}\n    llvm {others[0].get(address)}\n    addr2line "
                  f"{others[1].get(address)}")
    assert said == ""
    assert len(wrong) <= len(addresses) * (1 - RIGHT)
    return collections.Counter(lined=lined, inlined=inlined, all=len(addresses))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("builds")


@pytest.mark.parametrize("compiler, version, way", CASES)
def test_build(folder, capsys, compiler, version, way):
    program, oracle = builds.stored(folder, compiler, version, way)
    counts = compare(capsys, f"{compiler} DWARF {version} {way}", program, oracle, 4000)
    assert counts["lined"] > counts["all"] * 0.7
    assert counts["inlined"] > counts["all"] * 0.5


KINDS = [(compiler, kind) for compiler in builds.COMPILERS for kind in builds.KINDS
         if kind != builds.STRICT and (compiler, kind) != ("clang", "link-time optimized")]  # lld is no package of ours


@pytest.mark.parametrize("compiler, kind", KINDS)
def test_kind(tmp_path, capsys, compiler, kind):
    program = builds.of_kind(tmp_path, compiler, kind)
    counts = compare(capsys, f"{compiler} {kind}", program, program, 4000)
    assert counts["lined"] > counts["all"] * 0.5


@pytest.mark.parametrize("compiler", builds.COMPILERS)
def test_no_ranges(tmp_path, compiler):
    """
    Units that do not say where their code is, as inlined functions in several pieces do not (the other two differ on
    these): the line is right (addr2line), and the function that holds it all (llvm-symbolizer).
    """
    program = builds.of_kind(tmp_path, compiler, builds.STRICT)
    addresses = builds.addresses(program, 4000)
    ours, said = answers.ours(program, addresses)
    places, functions = answers.binutils(program, addresses), answers.llvm(program, addresses)
    aliases = Aliases(program)
    lined = [address for address in addresses if places[address][0][2]]
    wrong = [(hex(address), ours[address], places[address], functions[address]) for address in lined
             if ours[address][0][1:] != places[address][0][1:]
             or not aliases.same(ours[address][-1][0], functions[address][-1][0])]
    assert said == ""
    assert len(lined) > len(addresses) * 0.6
    assert len(wrong) <= len(lined) * (1 - RIGHT), wrong[:10]


def debug_files(package):
    """The largest ones of a package, as long as it may take."""
    text = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True).stdout
    files = [line for line in text.splitlines() if line.endswith(".debug") and os.path.isfile(line)]
    return sorted(files, key=os.path.getsize)[-2:]


@pytest.mark.parametrize("package", PACKAGES)
def test_package(capsys, package):
    files = debug_files(package)
    assert files, f"{package} is not installed: tools/deps test"
    for path in files:
        counts = compare(capsys, f"{package} {os.path.basename(path)}", path, path, 3000)
        assert counts["lined"] > counts["all"] * 0.5
