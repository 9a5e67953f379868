# SPDX-License-Identifier: GPL-2.0-or-later
"""
Whole stacks of code without frame pointers: 99.5 % complete and right of 2,000 samples at 999 Hz, none of their frames
found by frame pointer, so that no fallback can hide a missing rule.
"""
import collections
import pathlib
import re
import shutil
import subprocess

import pytest

from profound import assert_share, ends_with, from_start, plain, user_part, whole
from programs import SOURCES, compile_to

POPULATION = 2000
SECONDS = 2.6 # of CPU time
SHARE = 0.995


def exiting(stack):
    """The address space is gone: there is no user side any more."""
    return not user_part(stack) and "do_exit_[k]" in stack


# _init and _fini of every program and library are crti.o's, without unwind information: a sample of start or exit that
# falls there takes one frame-pointer step. A missing table would take thousands.
BY_FP = 3


def check_whole(run, comm, good, population=POPULATION, share=SHARE, by_fp=BY_FP):
    stacks = run.of(comm)
    assert_share(stacks, lambda stack: whole(stack) and (exiting(stack) or good(stack)), share, population)
    taken = run.stats["samples"]["taken"]
    assert run.stats["stacks"]["complete"] >= share * taken, run.stats["stacks"]
    assert run.stats["frames"]["by_fp"] <= by_fp, run.stats["frames"]


@pytest.fixture
def profile(target, record_while):
    """profile("bare", 2) is a recording of the target, from "begin" to its end."""
    def runner(name, *args, **popen):
        one = target(name, *args, **popen)
        one.wait_for("begin")
        return record_while(one, "-F", "999")

    return runner


CHAIN = ("main", "outer", "middle", "inner", "churn")


@pytest.mark.smoke
@pytest.mark.parametrize("mode", ["bare", "bare-static", "bare-static-pie"])
def test_c(profile, mode):
    """Prologues, epilogues and rbp as any register: half of the samples are in functions that push and pop."""
    def good(stack):
        user = user_part(stack)
        at = user.index("main") if "main" in user else 0
        return from_start(stack, *CHAIN) and user[at + 5:] in ((), ("busy",), ("leaf",), ("busy", "leaf"))

    check_whole(profile(mode, SECONDS), mode, good)


def test_cxx(profile):
    """Landing pads, the throw itself and the libraries that unwind it."""
    guards = tuple(f"shop::Guard<{n}>::go" for n in (3, 2, 1, 0))

    def good(stack):
        user = plain(user_part(stack))
        inside = user[user.index("main") + 1:] if "main" in user else ("",)
        chain = tuple(frame for frame in inside if frame.startswith("shop::Guard"))
        return user[0] == "_start" and chain == guards[:len(chain)] and inside[0].startswith("shop::run")

    run = profile("throwing", SECONDS)
    check_whole(run, "throwing", good)
    seen = collections.Counter(frame for stack, n in run.of("throwing").items() for frame in plain(stack) for _ in range(n))
    assert seen["shop::work"] > 1000 and seen["__cxa_throw"] > 0, seen.most_common(20)


def test_rust(profile, tmp_path):
    if not shutil.which("rustc"):
        pytest.skip("no rustc here")
    path = tmp_path / "rusty"
    subprocess.run(["rustc", "-C", "opt-level=3", "-g", "-o", path, SOURCES / "rusty.rs"], check=True)

    def good(stack):
        return from_start(plain(stack), "rusty::main", "rusty::market::run")

    run = profile(path, SECONDS)
    check_whole(run, "rusty", good)
    assert_share(run.of("rusty"), lambda s: any("Stall>::sell" in frame for frame in s), 0.9, POPULATION)


@pytest.fixture
def go(tmp_path):
    """go("gopher", "-race") is the path of a Go program that was built so."""
    def builder(name, *flags, sources=None):
        if not shutil.which("go"):
            pytest.skip("no go here")
        path = tmp_path / name
        subprocess.run(["go", "build", "-o", path, *flags, *(SOURCES / one for one in sources or [f"{name}.go"])],
                       check=True, cwd=tmp_path)
        return path

    return builder


@pytest.mark.parametrize("how", ["usual", "stripped"])
def test_go(profile, go, how):
    """Goroutines that run, and others that wait; the names are the same where there is no .symtab."""
    path = go("gopher", *(["-ldflags=-s -w"] if how == "stripped" else []))
    run = profile(path, 2 * SECONDS) # of the clock
    stacks = run.of("gopher")
    chain = ("runtime.goexit", "main.main.gowrap2", "main.worker") + ("main.descend",) * 8 + ("main.spin",)
    workers = collections.Counter({s: n for s, n in stacks.items() if "main.worker" in s})
    assert_share(workers, lambda s: user_part(s)[:3] == chain[:3], SHARE, POPULATION)
    spinning = collections.Counter({s: n for s, n in workers.items() if "main.spin" in s})
    assert_share(spinning, lambda s: user_part(s)[:len(chain)] == chain, SHARE, POPULATION * 0.9)
    check_whole(run, "gopher", lambda s: True, by_fp=0)


@pytest.mark.parametrize("how", ["usual", "stripped", "stripped pie"])
def test_go_inlined(profile, go, how):
    """Inlined functions are frames of their own, generic ones have Go's own name, with or without .symtab."""
    run = profile(go("inliner", *(["-ldflags=-s -w"] if "stripped" in how else []),
                     *(["-buildmode=pie"] if "pie" in how else [])), SECONDS)
    work = collections.Counter({s: n for s, n in run.of("inliner").items() if "main.work[...]" in s})
    assert_share(work, lambda s: user_part(s)[:3] == ("runtime.goexit", "runtime.main", "main.main"), SHARE, POPULATION)
    inside = ("main.work[...]", "main.outer[...]", "main.inner[...]")
    assert_share(work, lambda s: ends_with(s, inside), 0.5, POPULATION)
    assert not any(frame.startswith("[inliner") for stack in work for frame in stack)


def test_go_and_c(profile, go):
    """
    Go -> C -> Go: C runs on another stack than goroutines. The kernel side reads both; a copy, as the first samples are,
    has one of them, and the stack says so; what is there is right, and none leaves out the frames of C.
    """
    chain = ("runtime.goexit", "main.main.gowrap1", "main.worker", "main._Cfunc_outer", "runtime.cgocall",
             "runtime.asmcgocall", "_cgo_Cfunc_outer", "outer", "inner")
    back = ("called", "crosscall2", "runtime.cgocallback", "runtime.cgocallbackg", "runtime.cgocallbackg",
            "runtime.cgocallbackg1", "_cgoexp_called", "main.called", "main.spin")

    def good(stack):
        user = tuple(re.sub(r"(_cgo|_cgoexp)_[0-9a-f]{12}_", r"\1_", frame) for frame in user_part(stack))
        wanted = chain + back if user[-1] == "main.spin" else chain
        if whole(stack):
            return user == wanted
        switches = ("runtime.asmcgocall", "runtime.cgocallback")
        return user[0] == "[truncated: stack_copy_short]" and user[1] in switches and user[1:] == wanted[1 - len(user):]

    run = profile(go("cgopher", sources=["cgopher.go", "cgopher_c.go"]), SECONDS)
    for leaf in ("inner", "main.spin"):
        stacks = collections.Counter({s: n for s, n in run.of("cgopher").items() if user_part(s)[-1:] == (leaf,)})
        assert_share(stacks, good, SHARE, POPULATION * 0.3)
        assert_share(stacks, whole, 0.9, POPULATION * 0.3)
    assert run.stats["frames"]["by_fp"] == 0, run.stats["frames"]


# By what they do with rsp: kept in a register over calls, below rsp, on the stack, at a place counted in r9.
ASSEMBLY = {"sha512": ["sha512"], "xts": ["-evp", "aes-128-xts"], "cbc-hmac": ["-evp", "aes-128-cbc-hmac-sha256"],
            "chacha": ["-evp", "chacha20-poly1305"], "gcm": ["-evp", "aes-128-gcm"], "rsa": ["rsa2048"],
            "rsa-512": ["rsa512"], "ecdsa": ["ecdsap256"]}


@pytest.mark.parametrize("what", ASSEMBLY)
def test_assembly(record, what):
    """libcrypto's, as the distribution has it: down to the entry point of a program without symbols."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl here")
    path = pathlib.Path(shutil.which("openssl")).resolve()
    said = subprocess.run(["readelf", "-hW", path], check=True, capture_output=True, text=True).stdout
    entry = int(re.search(r"Entry point address: +0x([0-9a-f]+)", said)[1], 16)
    run = record("-F", "1999", "--", path, "speed", "-elapsed", "-seconds", "3", "-bytes", "16384", *ASSEMBLY[what])

    def good(stack):
        first = re.fullmatch(r"\[openssl\+0x([0-9a-f]+)\]", user_part(stack)[0])
        return bool(first) and entry <= int(first[1], 16) < entry + 64

    inside = collections.Counter({s: n for s, n in run.of("openssl").items() if user_part(s) and
                                  user_part(s)[-1].startswith("[libcrypto.so")})
    assert_share(inside, lambda s: whole(s) and good(s), SHARE, 200) # openssl stops by the clock on the wall
    assert run.stats["stacks"]["complete"] >= SHARE * run.stats["samples"]["taken"], run.stats["stacks"]
    assert run.stats["frames"]["by_fp"] <= BY_FP, run.stats["frames"]


def test_recursion(profile):
    chain = ("main",) + ("descend",) * 500 + ("bottom",)
    check_whole(profile("bare-deep", SECONDS, 500), "bare-deep", lambda s: from_start(s, *chain))


def handled(stack):
    """In the handler, the interrupted code is below the frame that the kernel made."""
    user = user_part(stack)
    if "handle" not in user:
        return from_start(stack, "main", "work")
    at = user.index("handle")
    below = user[:at - 1] # less the restorer
    return from_start(below, "main", "work") and user[at:] in (("handle",), ("handle", "in_handler"))


@pytest.mark.parametrize("mode", ["raise", "timer"])
def test_signal_handler(profile, mode):
    run = profile("handler", mode, SECONDS)
    check_whole(run, "handler", handled)
    inside = sum(n for stack, n in run.of("handler").items() if "in_handler" in stack)
    assert inside > (1500 if mode == "raise" else 100), f"{inside} samples in the handler"


def test_signal_stack(profile):
    """
    On a stack of its own. The kernel side reads both; a copy, as the first samples are, ends before the interrupted
    one, says so, and goes right as far as the registers that were interrupted.
    """
    def good(stack):
        if whole(stack):
            return exiting(stack) or handled(stack)
        user = user_part(stack)
        return stack[0].startswith("[truncated: stack_") and user[user.index("handle") - 2] in ("work", "leaf")

    stacks = profile("handler", "altstack", SECONDS).of("handler")
    assert_share(stacks, good, SHARE, POPULATION)
    assert_share(stacks, whole, 0.95, POPULATION)


@pytest.mark.parametrize("mode", ["frames", "realigned"])
def test_odd_frames(profile, mode):
    """Frames whose size is known only at run time, and realigned ones."""
    check_whole(profile(mode, SECONDS), mode,
                lambda s: from_start(s, "main", "aligned", "sized", "both", "churn"))


def test_wide_frame(profile):
    """A frame that is larger than the copy: cut, and said."""
    run = profile("wide", SECONDS, 256)
    assert_share(run.of("wide"), lambda s: s[0] == "[truncated: stack_copy_short]" and ends_with(s, ("wide", "bottom")),
                 SHARE, POPULATION)


def test_plt(build, profile):
    """In the PLT sp moves within an entry: the CFA is an expression over the address."""
    library = build("libplt.so")
    path = library.parent / "plt"
    if not path.exists():
        compile_to("plt", path, library)
    run = profile(path, SECONDS)
    check_whole(run, "plt", lambda s: from_start(s, "main", "drive"))
    leaves = [(user_part(stack)[-1], n) for stack, n in run.of("plt").items() if user_part(stack)]
    stubs = sum(n for leaf, n in leaves if leaf.endswith("@plt") or leaf.startswith("[plt+"))
    assert stubs >= 20, f"{stubs} samples in the PLT itself: nothing was proven"


def test_threads(build, record):
    run = record("-F", "999", "--", build("bare-threads"), "4", timeout=60)
    for name in ("left", "right", "brief"):
        assert_share(run.of(name), lambda s: whole(s) and ends_with(s, ("thread_main", "run", f"{name}_chain", f"{name}_work"))
                     and len(user_part(s)) == 6, 0.99, 100)
    assert run.stats["stacks"]["complete"] >= SHARE * run.stats["samples"]["taken"], run.stats["stacks"]
    assert run.stats["frames"]["by_fp"] <= BY_FP, run.stats["frames"]


def test_musl(build, profile, record):
    """musl's libc has no unwind information, as in Alpine's containers: stacks end in it where main and threads are called.
    What is sampled inside of it is cut (bare and threads ask it for the time)."""
    def from_libc(stack):
        return whole(stack) and user_part(stack)[:1] != () and user_part(stack)[0].startswith("[libc.so+")

    def chain(stack):
        return exiting(stack) or (from_libc(stack) and user_part(stack)[1:6] == CHAIN)

    run = profile("bare-musl", SECONDS)
    assert_share(run.of("bare-musl"), chain, 0.98, POPULATION)
    assert run.stats["stacks"]["complete"] >= 0.98 * run.stats["samples"]["taken"], run.stats["stacks"]
    run = record("-F", "999", "--", build("bare-musl-threads"), "4", timeout=60)
    for name in ("left", "right", "brief"):
        found = {stack: n for stack, n in run.of(name).items() if f"{name}_work" in stack}
        assert_share(found, lambda s: from_libc(s) and user_part(s)[1:5] == ("thread_main", "run", f"{name}_chain", f"{name}_work"),
                     0.95, 100)


def test_right_after_dlopen(build, profile):
    """A new library every 20 ms, used at once. Its _init and _fini, crti.o's, have no unwind information."""
    run = profile("opener", SECONDS, build("libbare.so"))
    check_whole(run, "opener", lambda s: from_start(s, "main"), by_fp=5)
    assert_share(run.of("opener"), lambda s: from_start(s, "main", "turn", "one_work"), 0.9, POPULATION)


def test_coroutines(profile):
    """makecontext's stacks end in __start_context, which nobody called."""
    run = profile("coroutines", SECONDS)

    def good(stack):
        user = user_part(stack)
        if "coroutine" not in user:
            return from_start(stack, "main")
        return user.index("coroutine") <= 1 and user[-1] in ("coroutine", "step", "work", "swapcontext")

    check_whole(run, "coroutines", good)
    depths = {len(user_part(stack)) for stack in run.of("coroutines") if "work" in stack}
    assert len(depths) >= 16, depths


def test_short_processes(build, record):
    """2,000 x /bin/true: processes of a millisecond, complete from the first sample to the last."""
    true = pathlib.Path("/bin/true")
    run = record("-F", "4999", "--", build("spawner"), "2000", true, timeout=120)
    assert_share(run.of("true"), whole, 0.99, POPULATION)


def test_many_short_processes_at_a_low_rate(build, record):
    """Nothing else wakes us often: the records of who maps what must, or most of them are lost."""
    run = record("-F", "49", "--", build("spawner"), "10000", pathlib.Path("/bin/true"), timeout=120)
    assert run.stats["notes"]["sideband_lost"] < 1000, run.stats["notes"]
