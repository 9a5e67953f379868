# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs whose debug information is to be read: every compiler, version and way to store it that we claim."""
import pathlib
import random
import re
import shutil
import subprocess

SOURCES = pathlib.Path(__file__).parent / "src"
COMPILERS = {"gcc": ("gcc", "g++"), "clang": ("clang", "clang++")}
VERSIONS = (4, 5)
WAYS = ("plain", "dwz", "split", "zlib", "zstd")
# Compiled in another way, not only stored in one: flags of compiling and of linking.
KINDS = {
    "DWARF 2": (["-gdwarf-2"], []),
    "DWARF 3": (["-gdwarf-3"], []),
    "not optimized": (["-O0"], []),
    "sections": (["-ffunction-sections"], ["-Wl,--gc-sections"]),
    "link-time optimized": (["-flto"], ["-flto", "-O2", "-g"]),
    "DWARF 64": (["-gdwarf64", "-gdwarf-5"], []),
    "line tables only": (["-g1"], []),
    "types apart": (["-fdebug-types-section"], []),
    "not relocatable": (["-no-pie", "-fno-pie"], ["-no-pie"]),
    "separate": ([], []),
}
STRICT = "DWARF 2, strictly"
KINDS[STRICT] = (["-gdwarf-2", "-gstrict-dwarf"], []) # no ranges where code is in several places


def call(*argv, **options):
    subprocess.run([str(a) for a in argv], check=True, timeout=300, **options)


def build(folder, compiler, version, options=(), linking=()):
    """A program of four units in two languages; its split units are in the folder too."""
    objects = []
    for source in sorted(SOURCES.glob("*.c*")):
        made = folder / f"{source.stem}.o"
        call(COMPILERS[compiler][source.suffix == ".cc"], "-O2", "-g", f"-gdwarf-{version}", "-fno-omit-frame-pointer",
             *options, "-c", source, "-o", made, cwd=folder)
        objects.append(made)
    program = folder / "program"
    call(COMPILERS[compiler][1], *linking, *objects, "-o", program, cwd=folder)
    return program


def of_kind(folder, compiler, kind):
    """A program compiled in one of KINDS."""
    compiling, linking = KINDS[kind]
    program = build(folder, compiler, 5, compiling, linking)
    if kind != "separate":
        return program
    call("objcopy", "--only-keep-debug", program, folder / "program.debug")
    return folder / "program.debug"


def stored(folder, compiler, version, way):
    """(the program as we get it, a file that others can read and that says the same). Plain ones are built once."""
    plain = folder / f"{compiler}-{version}" / "program"
    if not plain.exists():
        plain.parent.mkdir()
        build(plain.parent, compiler, version)
    folder = folder / f"{compiler}-{version}-{way}"
    folder.mkdir()
    if way == "split":
        # Not an oracle itself: llvm-symbolizer 14 loses functions of split units in C.
        (folder / "split").mkdir()
        program = build(folder / "split", compiler, version, ["-gsplit-dwarf"])
        assert code_bytes(program) == code_bytes(plain)
        return program, plain
    program = folder / way
    shutil.copy(plain, program)
    if way == "dwz":
        other = folder / "other"
        shutil.copy(plain, other)
        call("dwz", "-m", folder / "alt.debug", "-M", folder / "alt.debug", program, other)
    elif way in ("zlib", "zstd"):
        call("objcopy", f"--compress-debug-sections={way}", program)
    return program, plain


def code_bytes(path):
    return subprocess.run(["objcopy", "-O", "binary", "--only-section=.text", path, "/dev/stdout"],
                          capture_output=True, check=True).stdout


def code(path):
    """[(start, end)] of executable sections, .plt left out: names there are no matter of DWARF (test_symbols.py)."""
    text = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"\] (?!\.plt)\S+ +(?:PROGBITS|NOBITS) +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +AX", text)
    return [(int(start, 16), int(start, 16) + int(size, 16)) for start, size in found]


def addresses(path, count, seed=5):
    """Random ones, each byte of the code as likely as any other."""
    ranges, dice = code(path), random.Random(seed)
    weights = [end - start for start, end in ranges]
    picked = {dice.randrange(*dice.choices(ranges, weights)[0]) for _ in range(count)}
    return sorted(picked)
