# SPDX-License-Identifier: GPL-2.0-or-later
"""
Names of addresses against readelf's symbol tables and objdump's labels of PLT entries, for the ELF files of this machine:
a sample of them, or all ("whole"); and against what was compiled, for files that were stripped in every way.
"""
import concurrent.futures
import os
import pathlib
import random
import shutil
import subprocess
import sys

import pytest

import oracle

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tables"))
import elves  # pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFOUND = os.environ.get("PROFOUND") or str(ROOT / os.environ.get("O", "build") / "profound")
WORKERS = min(os.cpu_count() or 1, 2)
ADDRESSES = 1000


def ours(path, addresses):
    """{address: name of the function that holds it, which comes last, or ""}"""
    done = subprocess.run([PROFOUND, "debug", "names", path], input="".join(f"{a:x}\n" for a in addresses),
                          capture_output=True, text=True, errors="surrogateescape", check=False)
    assert done.returncode == 0, f"{path}: exit {done.returncode}: {done.stderr}"
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {int(row[0], 16): "" if row[1] == "??" else row[1] for row in rows}


def addresses_of(path, code, order):
    """Half of them where symbols begin, end and in between, half anywhere in the code."""
    luck = random.Random(os.path.basename(path))
    symbols = [symbol for table in order for symbol in table.sized + table.labels]
    out = set()
    for symbol in luck.sample(symbols, min(len(symbols), ADDRESSES // 4)):
        out.add(luck.choice((symbol.start, symbol.end - 1, luck.randrange(symbol.start, symbol.end))))
        out.add(luck.choice((symbol.start - 1, symbol.end)))
    spans = [section for section in code.values() if section.size]
    for section in luck.choices(spans, [section.size for section in spans], k=ADDRESSES - len(out)) if spans else []:
        out.add(section.address + luck.randrange(section.size))
    return sorted(address for address in out if address >= 0)


def compare(path):
    """(path, addresses that were compared, those that must have a name, differences)"""
    code, order = oracle.sections(path), oracle.tables(path)
    plts = [section for section in code.values() if section.name in oracle.PLTS]
    addresses = [address for address in addresses_of(path, code, order)
                 if not any(plt.address <= address < plt.address + plt.size for plt in plts)]
    got, named, differences = ours(path, addresses), 0, []
    for address in addresses:
        wanted = oracle.names_of(order, address)
        named += bool(wanted)
        if got[address] not in (wanted or {""}):
            differences.append(f"{address:x}: {got[address] or '(none)'}, not {sorted(wanted)[:5] or '(none)'}")
    return path, len(addresses), named, differences


def check(paths):
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(compare, paths, chunksize=4))
    differences = [f"{path} {line}" for path, _, _, lines in outcomes for line in lines[:20]]
    print(f"{len(paths)} files, {sum(o[1] for o in outcomes)} addresses, {sum(o[2] for o in outcomes)} with a name, "
          f"{len(differences)} differences")
    assert sum(o[2] for o in outcomes) > 100 * len(paths), "hardly an address has a name: nothing was tested"
    assert not differences, "\n".join(differences[:100])


def test_a_sample_of_this_machine():
    check(elves.sample(elves.everything()))


@pytest.mark.whole
def test_every_file_of_this_machine():
    check(elves.everything())


def compare_plt(path):
    """(entries, differences): at an entry's first byte and in its middle."""
    labels = oracle.plt_labels(path)
    order = None
    got, differences = ours(path, sorted({at for a in labels for at in (a, a + 5)})), []
    for address, label in labels.items():
        names = {got[address], got[address + 5]}
        if label and names != {label + "@plt"}:
            differences.append(f"{path} {address:x}: {names}, not {label}@plt")
        elif not label and names != {""}:
            order = order or [table for table in oracle.tables(path)]
            known = {symbol.name + "@plt" for table in order for symbol in table.sized + table.labels}
            if len(names) != 1 or not names <= known:
                differences.append(f"{path} {address:x}: {names} of no function that chooses")
    return len(labels), differences


def check_plts(paths):
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(compare_plt, paths, chunksize=4))
    entries, differences = sum(count for count, _ in outcomes), [line for _, lines in outcomes for line in lines]
    print(f"{len(paths)} files, {entries} PLT entries, {len(differences)} differences")
    assert entries > 10 * len(paths)
    assert not differences, "\n".join(differences[:100])


def test_plts_of_a_sample():
    check_plts(elves.sample(elves.everything()))


@pytest.mark.whole
def test_plts_of_every_file():
    check_plts(elves.everything())


SOURCE = r"""
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) int hidden(int n) { return n * 3 + rand(); }
__attribute__((noinline)) int visible(int n) { return hidden(n) + abs(n); }
__asm__(".text\n.type assembled, @function\nassembled:\nnop\nnop\nret\n");
int main(int argc, char **argv)
{
	char copy[64];

	strncpy(copy, argv[0], sizeof(copy));
	puts(copy);
	qsort(copy, strlen(copy), 1, (int (*)(const void *, const void *))strcmp);
	return visible(argc) + (int)sin(argc);
}
"""


@pytest.fixture(name="built", scope="module")
def fixture_built(tmp_path_factory):
    """built("-static") is a program that was linked so."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "made.c").write_text(SOURCE)

    def build(*flags):
        path = folder / ("made" + "".join(flags).replace("/", "_"))
        if not path.exists():
            subprocess.run(["gcc", "-O1", "-g", "-fno-builtin", "-Wl,--build-id", "-o", path, folder / "made.c", *flags, "-lm"],
                           check=True)
        return path

    return build


def functions(path):
    """{name: address} of what nm knows, before it is stripped."""
    rows = [line.split() for line in oracle.said("nm", path).splitlines()]
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3 and row[1] in "tTiW"}


def copy_of(path, tmp_path, *objcopy):
    out = tmp_path / "copy"
    subprocess.run(["objcopy", *objcopy, path, out], check=True)
    return out


WANTED = ("main", "hidden", "visible", "assembled")


def assert_named(path, where, names=WANTED):
    got = ours(path, [where[name] for name in names])
    assert [got[where[name]] for name in names] == list(names)


LINKS = {"usual": (), "not PIE": ("-no-pie",), "bound now": ("-Wl,-z,now",), "lazy": ("-Wl,-z,lazy",),
         "with branch tracking": ("-fcf-protection=full", "-Wl,-z,ibtplt,-z,lazy"),
         "with branch tracking, bound now": ("-fcf-protection=full", "-Wl,-z,ibtplt,-z,now"),
         "static": ("-static",), "static PIE": ("-static-pie",), "by lld": ("-fuse-ld=lld",),
         "by lld, with branch tracking": ("-fuse-ld=lld", "-fcf-protection=full", "-Wl,-z,force-ibt"),
         "by lld, static": ("-fuse-ld=lld", "-static")}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("stripped", (False, True))
def test_plt_shapes(built, tmp_path, link, stripped):
    if "lld" in link and not shutil.which("ld.lld"):
        pytest.skip("no lld on this machine")
    path = built(*LINKS[link])
    if stripped:
        path = copy_of(path, tmp_path, "--strip-all")
    entries, differences = compare_plt(path)
    assert not differences, "\n".join(differences)
    if "static" not in link:
        assert entries >= 5


def plt_sections(path):
    return [section for section in oracle.sections(path).values() if section.name in oracle.PLTS]


@pytest.mark.parametrize("link", ["static", "static PIE", "by lld, static"])
def test_ifuncs_of_a_static_program(built, link):
    """Their entries have the name of the function that chooses: strlen's own."""
    if "lld" in link and not shutil.which("ld.lld"):
        pytest.skip("no lld on this machine")
    path = built(*LINKS[link])
    got = [name for plt in plt_sections(path) for name in ours(path, range(plt.address, plt.address + plt.size, 8)).values()]
    # lld makes the entry the function's own address where a program takes it: that is in .symtab.
    known = {name + suffix for name in functions(path) for suffix in ("", "@plt")}
    assert "strlen@plt" in got and "strncpy@plt" in got
    assert set(got) - {""} <= known


def test_lazy_entries_with_branch_tracking(built):
    """.plt's own entries, which only the dynamic linker's first answer goes through, are named by the number they push."""
    path = built(*LINKS["with branch tracking"])
    plts = {plt.name: plt for plt in plt_sections(path)}
    first, second = plts[".plt"], plts[".plt.sec"]
    lazy = ours(path, range(first.address + 16, first.address + first.size, 16))
    direct = ours(path, range(second.address, second.address + second.size, 16))
    assert list(lazy.values()) == list(direct.values()) and "puts@plt" in lazy.values()
    assert ours(path, [first.address]) == {first.address: ""}


def test_by_debug_link(built, tmp_path):
    """Beside the file and in .debug; another file of that name is not believed."""
    whole = built("-Wl,--build-id=none")
    where = functions(whole)
    debug = tmp_path / "copy.debug"
    subprocess.run(["objcopy", "--only-keep-debug", whole, debug], check=True)
    path = copy_of(whole, tmp_path, "--strip-all", f"--add-gnu-debuglink={debug}")
    assert_named(path, where)
    (tmp_path / ".debug").mkdir()
    debug.rename(tmp_path / ".debug/copy.debug")
    assert_named(path, where)
    with open(tmp_path / ".debug/copy.debug", "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    assert ours(path, [where["hidden"]]) == {where["hidden"]: ""}


def test_a_debug_file_of_another_build(built, tmp_path):
    """The right name and another build id: not believed, though the checksum would be right."""
    one, two = built(), built("-DOTHER", "-O0")
    debug = tmp_path / "copy.debug"
    subprocess.run(["objcopy", "--only-keep-debug", two, debug], check=True)
    path = copy_of(one, tmp_path, "--strip-all", f"--add-gnu-debuglink={debug}")
    where = functions(one)
    assert ours(path, [where["hidden"]]) == {where["hidden"]: ""}
    subprocess.run(["objcopy", "--only-keep-debug", one, debug], check=True)
    assert_named(path, where)


def test_by_build_id(built, tmp_path):
    whole = built("-Wl,--build-id=0x70726f666f756e6400112233445566778899aabb")
    folder = pathlib.Path("/usr/lib/debug/.build-id/70")
    if os.geteuid() != 0:
        pytest.skip("writes below /usr/lib/debug: run as root")
    debug = folder / "726f666f756e6400112233445566778899aabb.debug"
    made = [part for part in (*reversed(folder.parents), folder) if not part.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["objcopy", "--only-keep-debug", whole, debug], check=True)
        assert_named(copy_of(whole, tmp_path, "--strip-all"), functions(whole))
    finally:
        debug.unlink(missing_ok=True)
        for part in reversed(made):
            part.rmdir()


def add_mini_debug(whole, tmp_path):
    """As Fedora's find-debuginfo makes it."""
    inner = tmp_path / "inner"
    subprocess.run(["objcopy", "-S", "--remove-section=.gdb_index", "--remove-section=.comment",
                    *(f"--keep-symbol={name}" for name in WANTED), whole, inner], check=True)
    subprocess.run(["xz", "-f", inner], check=True)
    return copy_of(whole, tmp_path, "--strip-all", f"--add-section=.gnu_debugdata={inner}.xz")


def test_mini_debug_info(built, tmp_path):
    whole = built()
    path = add_mini_debug(whole, tmp_path)
    assert_named(path, functions(whole))


@pytest.mark.parametrize("data", [b"", b"no xz data", b"\xfd7zXZ\0"])
def test_mini_debug_info_that_is_none(built, tmp_path, data):
    whole = built("-rdynamic")
    (tmp_path / "inner").write_bytes(data)
    path = copy_of(whole, tmp_path, "--strip-all", f"--add-section=.gnu_debugdata={tmp_path / 'inner'}")
    where = functions(whole)
    assert ours(path, [where["hidden"], where["visible"]]) == {where["hidden"]: "", where["visible"]: "visible"}


def test_a_table_that_has_a_part(built, tmp_path):
    """.symtab has hidden, .dynsym the rest: they are merged, and a label does not reach over what the other knows."""
    whole = built("-rdynamic")
    where = functions(whole)
    path = copy_of(whole, tmp_path, "--strip-all", "--keep-symbol=hidden", "--keep-symbol=assembled")
    assert_named(path, where)


def test_names_that_compilers_make(tmp_path):
    """Parts and clones are called as nm calls them."""
    (tmp_path / "made.c").write_text(r"""
#include <stdlib.h>
static __attribute__((noinline)) int scale(int *p, int unused) { return *p * 7; }
__attribute__((noinline)) int risky(int n) { if (rand() == n) abort(); return n + rand(); }
int both(int n) { return scale(&n, 3) + risky(n); }
""")
    path = tmp_path / "made.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fno-semantic-interposition", "-o", path, tmp_path / "made.c"], check=True)
    where = {name: address for name, address in functions(path).items() if name.startswith(("scale.", "risky.c"))}
    assert "risky.cold" in where and any(name.startswith("scale.") for name in where), where
    assert_named(path, where, tuple(where))


def test_versions(tmp_path):
    """name@@VERSION and name@VERSION are name."""
    (tmp_path / "made.c").write_text("""
__attribute__((symver("fetch@ONE"))) int fetch_old(void) { return 1; }
__attribute__((symver("fetch@@TWO"))) int fetch_new(void) { return 2; }
""")
    (tmp_path / "map").write_text("ONE { global: fetch; local: *; }; TWO { } ONE;")
    path = tmp_path / "made.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", path, tmp_path / "made.c",
                    f"-Wl,--version-script={tmp_path / 'map'}"], check=True)
    addresses = [int(line.split()[1], 16) for line in oracle.said("readelf", "--dyn-syms", "-W", path).splitlines()
                 if " fetch@" in line]
    assert len(addresses) == 2
    stripped = copy_of(path, tmp_path, "--strip-all")
    assert set(ours(stripped, addresses).values()) == {"fetch"}
    assert set(ours(path, addresses).values()) <= {"fetch", "fetch_old", "fetch_new"}


def test_labels_of_a_stripped_file(tmp_path):
    """A function without a size ends where its FDE does; one that has none has no name: what follows was stripped."""
    (tmp_path / "made.c").write_text(r"""
__asm__(".text\n.globl bare\n.type bare, @function\nbare: nop\nnop\nret\n"
	".globl framed\n.type framed, @function\nframed: .cfi_startproc\nnop\nret\n.cfi_endproc\n");
static __attribute__((noinline, noclone, optimize("no-asynchronous-unwind-tables"))) int hidden(volatile int *p) { return ++*p; }
int visible(volatile int *p) { return hidden(p) + 1; }
""")
    path = tmp_path / "made.so"
    subprocess.run(["gcc", "-O1", "-fno-toplevel-reorder", "-shared", "-fPIC", "-o", path, tmp_path / "made.c"], check=True)
    where = functions(path)
    assert where["bare"] < where["framed"] < where["hidden"] < where["visible"], where
    stripped = copy_of(path, tmp_path, "--strip-all")
    wanted = {where["bare"]: "", where["framed"]: "framed", where["framed"] + 1: "framed", where["framed"] + 2: "",
              where["hidden"]: "", where["visible"]: "visible"}
    assert ours(stripped, list(wanted)) == wanted
    assert_named(path, where, ("bare", "framed", "hidden", "visible"))


@pytest.mark.parametrize("linker", ("lld", "gold"))
def test_folded_functions(tmp_path, linker):
    """--icf=all gives one code the symbols of several functions: its name is that of the one whose lines are told."""
    body = "(int x) { sink += x; sink *= 3; return sink + 7; }"
    (tmp_path / "made.c").write_text(f"""
volatile int sink;
__attribute__((noinline)) int apple_pie{body}
__attribute__((noinline)) int kiwi{body}
int (*volatile both[])(int) = {{apple_pie, kiwi}};
int main(int argc, char **argv) {{ return both[0](argc) + both[1](argc); }}
""")
    path = tmp_path / "made"
    subprocess.run(["gcc", "-O1", "-g", "-ffunction-sections", "-fno-ipa-icf", f"-fuse-ld={linker}", "-Wl,--icf=all",
                    "-o", path, tmp_path / "made.c"], check=True)
    where = functions(path)
    assert where["apple_pie"] == where["kiwi"], where
    rows = subprocess.run([PROFOUND, "debug", "names", path], input=f"{where['kiwi']:x}\n", capture_output=True, text=True,
                          check=True).stdout.split()
    line = {"apple_pie": 3, "kiwi": 4}
    assert rows[2] == f"{tmp_path / 'made.c'}:{line[rows[1]]}", rows
    if linker == "lld":  # its DWARF has the one that it kept only
        assert rows[1] == "apple_pie"


def test_aliases_with_lines(tmp_path):
    """What a library calls __libc_fetch is fetch for people, with lines and without."""
    (tmp_path / "made.c").write_text("""
int __libc_fetch(int n) { return n + 1; }
extern __typeof(__libc_fetch) fetch __attribute__((alias("__libc_fetch")));
""")
    path = tmp_path / "made.so"
    subprocess.run(["gcc", "-O1", "-g", "-shared", "-fPIC", "-o", path, tmp_path / "made.c"], check=True)
    assert set(ours(path, [functions(path)["__libc_fetch"]]).values()) == {"fetch"}
