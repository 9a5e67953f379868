#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
tests/replay/record.py [NAME...]: records the samples of this directory anew (root, gcc, g++, gdb, go, rustc).

Each target is stopped by SIGSTOP, `profound debug stack` keeps its stack, and gdb says what that stack is, from the
same registers and memory, by its own CFI reader. NAME.expected is gdb's list, frame by frame, with files and addresses
worked out from /proc/PID/maps and program headers; a case is refused when the walk does not agree or a known call
chain is not there. Names are compared where the target's own file has them.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "e2e")]
import elf
import oracle
from programs import BARE, FLAGS, SOURCES, compile_to

PROFOUND = ROOT / os.environ.get("O", "build") / "profound"
LINE = re.compile(r"#(\d+) ([0-9a-f]{16}) (.*) \((\S+)\) (regs|cfi|fp)")
TRIES = 4000


class Walk:
    """What profound printed."""

    def __init__(self, text):
        *frames, self.end = text.splitlines()
        found = [LINE.fullmatch(line) for line in frames]
        assert all(found), text
        self.addresses = [int(m[2], 16) for m in found]
        self.names, self.places, self.how = ([m[i] for m in found] for i in (3, 4, 5))


class Case:
    def __init__(self, about, build, *args, chain=(), until=lambda walk: True, thread=None, env=None, ends="complete",
                 trim=None, by_hand=False, by_fp=0, symbols=None):
        self.about, self.build, self.args, self.chain, self.until = about, build, args, chain, until
        self.thread, self.env, self.ends, self.trim, self.by_hand = thread, env, ends, trim, by_hand
        self.by_fp, self.symbols = by_fp, symbols


def target(name):
    def build(folder):
        compile_to(name, folder / name)
        return folder / name
    return build


def plt(folder):
    compile_to("libplt.so", folder / "libplt.so")
    compile_to("plt", folder / "plt", folder / "libplt.so")
    return folder / "plt"


def no_sections(folder):
    compile_to("bare", folder / "bare")
    elf.strip_sections(folder / "bare", folder / "packed")
    return folder / "packed"


def debug_frame(folder):
    compile_to("bare", folder / "bare", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables")
    return folder / "bare"


def clock(folder):
    subprocess.run(["gcc", *FLAGS, *BARE, HERE / "targets" / "clock.c", "-o", folder / "clock"], check=True)
    return folder / "clock"


def rust(folder):
    subprocess.run(["rustc", "-C", "opt-level=3", "-g", "-o", folder / "rusty", SOURCES / "rusty.rs"], check=True)
    return folder / "rusty"


def go(source, *flags):
    def build(folder):
        path = folder / source.stem
        subprocess.run(["go", "build", *flags, "-o", path, source], check=True, cwd=folder)
        return path
    return build


def program(*argv):
    return lambda folder: pathlib.Path(shutil.which(argv[0]))


def top(*names):
    return lambda walk: walk.names[0] in names


def top_file(prefix):
    return lambda walk: walk.places[0].startswith(prefix)


def has(name):
    return lambda walk: any(name in frame for frame in walk.names)


def running(pid):
    """The thread that has used the most CPU time."""
    def ticks(tid):
        fields = pathlib.Path(f"/proc/{pid}/task/{tid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    return max(os.listdir(f"/proc/{pid}/task"), key=ticks)


def named(comm):
    """The first thread of that name."""
    def find(pid):
        return next(tid for tid in os.listdir(f"/proc/{pid}/task")
                    if pathlib.Path(f"/proc/{pid}/task/{tid}/comm").read_text().strip() == comm)
    return find


BARE_CHAIN = ("_start", "main", "outer", "middle", "inner", "churn")
CASES = {
    "c": Case("C without frame pointers, in a callee that pushes registers", target("bare"), 60,
              chain=BARE_CHAIN, until=top("leaf")),
    "static": Case("a static program", target("bare-static"), 60, chain=BARE_CHAIN, until=top("busy")),
    "static-pie": Case("a static PIE", target("bare-static-pie"), 60, chain=BARE_CHAIN),
    "no-sections": Case("a program without a section table: .eh_frame by PT_GNU_EH_FRAME", no_sections, 60,
                        chain=BARE_CHAIN, symbols="bare"),
    "exception": Case("C++, an exception in flight: thrown, not caught yet", target("throwing"), 60,
                      chain=("_start", "main", "shop::run", "shop::Guard<3>::go", "shop::Guard<2>::go",
                             "shop::Guard<1>::go", "shop::Guard<0>::go", "__cxa_throw"), until=has("__cxa_throw")),
    "landing-pad": Case("C++, an exception in flight: a landing pad resumes it", target("throwing"), 60,
                        chain=("_start", "main", "shop::run", "shop::Guard<3>::go"), until=has("_Unwind_Resume")),
    "debug-frame": Case("C with .debug_frame and no .eh_frame", debug_frame, 60, chain=BARE_CHAIN, until=top("busy")),
    "rust": Case("Rust, a release build", rust, 60, chain=("_start", "main", "rusty::market::run")),
    "go": Case("a goroutine", go(SOURCES / "gopher.go"), 60, thread=running, until=top("main.spin"),
               chain=("runtime.goexit.abi0", "main.main.gowrap1", "main.worker") + ("main.descend",) * 8 +
               ("main.spin",), trim="runtime.goexit"),
    "go-stripped": Case("a goroutine, Go without symbols and DWARF", go(SOURCES / "gopher.go", "-ldflags=-s -w"), 60,
                        thread=running, symbols="gopher-full", trim="runtime.goexit",
                        chain=("runtime.goexit", "main.worker") + ("main.descend",) * 8),
    "cgo": Case("Go that called C: C runs on the thread's stack, the goroutine's is not in the copy",
                go(HERE / "targets" / "cgo.go"), thread=running, until=lambda walk: walk.names[0].startswith("busy"),
                ends="cut"),
    "cgo-back": Case("Go that called C that called Go: C's frames are on the thread's stack, which is not in the copy", go(HERE / "targets" / "cgo.go"), "back", thread=running,
                     until=top("main.spin"), ends="cut: stack_copy_short"),
    "deep": Case("a recursion of 500", target("bare-deep"), 60, 500,
                 chain=("_start", "main") + ("descend",) * 500 + ("bottom",)),
    "signal": Case("a signal handler in the chain, the interrupted code anywhere", target("handler"), "timer", 60,
                   chain=("_start", "main", "work", "handle", "in_handler"), until=has("in_handler")),
    "signal-stack": Case("a signal handler on a stack of its own: the interrupted one is not in the copy",
                         target("handler"), "altstack", 60, until=has("in_handler"), chain=("work", "handle", "in_handler"),
                         ends="cut: stack_copy_short"),
    "alloca": Case("frames whose size is known at run time, and realigned ones", target("frames"), 60,
                   chain=("_start", "main", "aligned", "sized", "both", "churn")),
    "realigned": Case("every frame realigned (-mstackrealign)", target("realigned"), 60,
                      chain=("_start", "main", "aligned", "sized", "both", "churn")),
    "plt": Case("in the PLT, where the CFA is an expression over the address", plt, 60, chain=("_start", "main", "drive"),
                until=lambda walk: walk.names[0].startswith("[plt+") and walk.addresses[0] % 16 >= 11,
                env={"LD_BIND_NOT": "1"}), # every call pushes, where the expression makes a difference
    "thread": Case("a thread", target("bare-threads"), 60, thread=named("left"), chain=("thread_main", "run", "left_chain", "left_work")),
    "coroutine": Case("a coroutine on its own stack (makecontext)", target("coroutines"), 60,
                      chain=("coroutine", "step", "work"), until=top("work"), trim="coroutine", by_hand=True),
    "vdso": Case("in the vDSO", clock, 60, chain=("_start", "main", "ask"), until=top_file("[vdso]")),
    "sleep": Case("in a system call, a program as Debian ships it", program("sleep"), 60),
    # python.sample is of format 1, which had no frames of interpreters: it is kept, and not recorded anew. For those that
    # have them see record_python.py.
    "jit": Case("code made at run time: by frame pointer, and so unverified", target("jit"), 60,
                chain=("_start", "main", "run_jit"), ends="complete but unverified", by_fp=2),
    "libcrypto": Case("libcrypto's assembly", program("openssl"), "speed", "-seconds", 60, "-bytes", 16384, "sha256",
                      until=lambda walk: walk.places[0].startswith("libcrypto") and walk.names[0].startswith("[")),
}


def is_stopped(pid):
    return all(pathlib.Path(f"/proc/{pid}/task/{tid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
               for tid in os.listdir(f"/proc/{pid}/task"))


def in_syscall(tid):
    """A number, or "running", or -1 where it was interrupted."""
    number = pathlib.Path(f"/proc/{tid}/syscall").read_text().split()[0]
    return number.isdigit()


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    while not is_stopped(pid):
        time.sleep(0.001)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def holds(chain, names):
    """Is the chain, outermost first, in the names in this order, its neighbours side by side as far as they go?"""
    rest = iter(names)
    return all(any(name == wanted or name.startswith(wanted + "(") for name in rest) for wanted in chain)


def own_name(walk, i, path, function):
    """The target's own symbols are whole; of others gdb takes the nearest before."""
    ours = walk.names[i]
    if not walk.places[i].startswith(path.name + "+") or ours.startswith("[") or not function:
        return "-"
    last = re.sub(r"\(.*", "", ours).split("<")[0].split("::")[-1]
    if last and last in function or function in ours:
        return ours
    print(f"{walk.places[i]}: {ours} here, {function} for gdb: left out")
    return "-"


def trimmed(case, frames):
    """Up to where the stack begins, which gdb does not know."""
    for i, (_, function) in enumerate(frames):
        if case.trim and function and case.trim in function:
            # A return address that nobody called from is the first byte of a function, put there by hand.
            begin = [(frames[i + 1][0] + 1, None)] if case.by_hand else []
            return frames[:i + 1] + begin
    return frames


def check(name, case, walk, frames):
    """Raises ValueError where the walk and the oracle part."""
    theirs = [address for address, _ in frames]
    shown = "\n  ".join(f"gdb {a:#x} {f}" for a, f in frames)
    if theirs != walk.addresses:
        raise ValueError(f"{name}: {shown}\nours {[hex(a) for a in walk.addresses]} {walk.names} {walk.end}")
    if not walk.end.startswith(case.ends) or walk.how.count("fp") != case.by_fp:
        raise ValueError(f"{name}: {walk.end}, {walk.how.count('fp')} by frame pointer")
    if not any(holds(case.chain, reversed(names)) for names in (walk.names, [str(f) for _, f in frames])):
        raise ValueError(f"{name}: no {case.chain} in {walk.names}, {shown}")


def expectation(name, case, walk, frames, maps, path):
    """NAME.expected's text."""
    frames = trimmed(case, frames)
    if case.ends.startswith("cut"):
        frames = frames[:len(walk.addresses)]
    check(name, case, walk, frames)
    chain = f"; known chain: {' '.join(dict.fromkeys(case.chain))}" if case.chain else ""
    lines = [f"# {case.about}", f"# oracle: {oracle.version()}, the same stopped process{chain}",
             "# file+address, function (-: the file has no own symbol, not compared), how it was found"]
    for i, (address, function) in enumerate(frames):
        lines.append(f"{maps.place(address)}\t{own_name(walk, i, path, function)}\t{walk.how[i]}")
    return "\n".join([*lines, case.ends, ""])


def sample(case, pid, folder, kept):
    """One try: the walk, or None when it is not what the case wants."""
    tid = case.thread(pid) if case.thread else pid
    done = subprocess.run([PROFOUND, "debug", "stack", str(tid), "-o", kept], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    walk = Walk(done.stdout)
    return (walk, tid) if case.until(walk) else None


def try_once(name, case, pid, folder, path):
    kept = folder / f"{name}.sample"
    with stopped(pid):
        found = sample(case, pid, folder, kept)
        if not found:
            return False
        walk, tid = found
        maps = elf.Maps(pid)
        symbols = folder / case.symbols if case.symbols else None
        frames = oracle.backtrace(pid, tid, symbols, maps.made())
        if in_syscall(tid): # there the address is behind the instruction, as a return address
            frames[0] = (frames[0][0] - 1, frames[0][1])
        (HERE / f"{name}.expected").write_text(expectation(name, case, walk, frames, maps, path))
        shutil.copyfile(kept, HERE / f"{name}.sample")
    print(f"{name}: {len(walk.addresses)} frames, {kept.stat().st_size} bytes", flush=True)
    return True


def record(name, case, folder):
    path = case.build(folder)
    if case.symbols == "gopher-full":
        subprocess.run(["go", "build", "-o", folder / case.symbols, SOURCES / "gopher.go"], check=True, cwd=folder)
    process = subprocess.Popen([path, *map(str, case.args)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **(case.env or {})})
    try:
        time.sleep(0.3)
        for _ in range(TRIES):
            if try_once(name, case, process.pid, folder, path):
                return
            time.sleep(0.003)
        raise ValueError(f"{name}: not seen in {TRIES} tries")
    finally:
        process.kill()
        process.wait()


def main():
    failed = []
    for name in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                record(name, CASES[name], pathlib.Path(folder))
            except (ValueError, AssertionError) as error:
                print(f"FAILED {error}", flush=True)
                failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
