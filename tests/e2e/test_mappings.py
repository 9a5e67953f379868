# SPDX-License-Identifier: GPL-2.0-or-later
"""Code that comes, goes and moves: named right or not at all, never wrong."""
import collections
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from profound import assert_share, binary as profound_binary, ends_with, user_part


def assert_never_wrong(run, comm, named_share, population):
    """Below run_one only one_work, below run_two only two_work; or a frame that says it has no name."""
    wrong, right, total = collections.Counter(), 0, 0
    for stack, n in run.of(comm).items():
        for caller, mine in (("run_one", "one_work"), ("run_two", "two_work")):
            if caller not in stack:
                continue
            total += n
            below = user_part(stack[stack.index(caller) + 1:])
            right += n if below[:1] == (mine,) else 0
            if any(not frame.startswith("[") and frame != mine for frame in below):
                wrong[stack] += n
    assert total >= population, f"only {total} samples in the chain: {run.folded.most_common(5)}"
    assert not wrong, "\n".join(f"{n} {';'.join(stack)}" for stack, n in wrong.most_common(10))
    assert right >= named_share * total, f"{right} of {total} named: {run.stats['frames']}"


# munmap and mremap send no record, and a turn that shares an interval with its neighbour may stay unnamed.
@pytest.mark.parametrize("mode, named", [("dlopen", 0.4), ("fixed", 0.4), ("moved", 0.3)])
def test_replaced_code(build, record, mode, named):
    run = record("-F", "999", "--", build("loader"), mode, "6.4", build("libone.so"), build("libtwo.so"))
    ran = [line.split() for line in run.stdout.decode().splitlines()[1:]]
    assert len({address for _, address in ran}) == (2 if mode == "moved" else 1), \
        f"the libraries did not take each other's place: {ran}"
    assert_never_wrong(run, "loader", named, 1500)


def test_running_before(target, record, build):
    """A library loaded before the recording began, and one after."""
    loader = target("loader", "dlopen", 8, build("libone.so"), build("libtwo.so"))
    loader.wait_for("one")
    run = record("-p", loader.pid, "-F", "999", "-d", "4")
    assert_never_wrong(run, "loader", 0.4, 500)


def test_exec_in_running(target, record_while, build):
    """-p of a process that execs twice while it is recorded."""
    stages = [str(build(f"stage{n}")) for n in (1, 2, 3)]
    run = record_while(target("stage1", 1.5, *stages[1:]), "-F", "999")
    for n in (1, 2, 3):
        assert_share(run.of(f"stage{n}"), lambda s: ends_with(s, (f"stage{n}_chain", f"stage{n}_work")), 0.97, 300)


def test_pid_reuse(build, record):
    """One process id, three programs at the same addresses, in a pid namespace of our own."""
    stages = " ".join(str(build(f"stage{n}")) for n in (1, 2, 3))
    script = f'"$@" & recorder=$!; sleep 0.7; {build("reuse")} 4000 1 {stages} || kill -9 $recorder; ' \
             'kill -TERM $recorder; wait $recorder' # a shell's background job ignores SIGINT
    run = record("-F", "999", "--comm", "stage1", "--comm", "stage2", "--comm", "stage3",
                 before=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script, "sh"])
    for n in (1, 2, 3):
        stacks = run.of(f"stage{n}")
        assert_share(stacks, lambda s: not any(f"stage{m}_" in frame for frame in s for m in {1, 2, 3} - {n}),
                     1.0, 500)
        assert_share(stacks, lambda s: ends_with(s, (f"stage{n}_chain", f"stage{n}_work")), 0.97, 500)


def test_perf_map(target, record_while):
    jit = target("jit", 2, "map")
    jit.wait_for("begin")
    run = record_while(jit, "-F", "999")
    assert_share(run.of("jit"), lambda s: ends_with(s, ("main", "run_jit", "jit_outer", "jit_inner")), 0.99, 1000)


def test_no_perf_map(target, record_while):
    jit = target("jit", 1)
    jit.wait_for("begin")
    run = record_while(jit, "-F", "999")
    assert_share(run.of("jit"), lambda s: ends_with(s, ("main", "run_jit", "[jit]", "[jit]")), 0.99, 500)


def test_perf_map_in_container(build, target, record):
    """In another mount and pid namespace: its own /tmp, and its own idea of its pid."""
    inside = "/dev/shm/profound-jit"
    shutil.copy(build("jit"), inside)
    try:
        shell = target(pathlib.Path("/bin/sh"), "-c", f"mount -t tmpfs tmpfs /tmp; {inside} 60 map",
                       before=["unshare", "--mount", "--pid", "--fork", "--kill-child"])
        shell.wait_for("begin")
        run = record("--comm", "profound-jit", "-F", "999", "-d", "2")
    finally:
        os.unlink(inside)
    assert_share(run.of("profound-jit"),
                 lambda s: ends_with(s, ("main", "run_jit", "jit_outer", "jit_inner")), 0.99, 500)


def test_hostile_perf_map(target, record_while, tmp_path):
    """Nonsense of every kind in a perf-map: skipped, and the recording goes on."""
    jit = target("jit", 1.5, "map")
    jit.wait_for("begin")
    path = f"/tmp/perf-{jit.pid}.map"
    good = open(path).read()
    with open(path, "wb") as file:
        file.write(b"\0\0\0\nffffffffffffffff ffffffffffffffff huge\n-1 -1 minus\nxyz\n\n" + b"a" * 100000 + b"\n")
        file.write(good.encode())
        file.write(b"0 ffffffffffffffff everything\n" + os.urandom(4096))
    try:
        run = record_while(jit, "-F", "999")
    finally:
        os.unlink(path)
    assert_share(run.of("jit"), lambda s: ends_with(user_part(s)[:-2], ("main", "run_jit")), 0.99, 500)


@pytest.mark.parametrize("kind", ["fifo", "directory", "link to another's"])
def test_perf_map_that_is_none(target, record_while, kind):
    """What stands where a perf-map belongs, and is none, is left alone: no hang, no name of another's choosing."""
    jit = target("jit", 1, user=65534)
    jit.wait_for("begin")
    path = pathlib.Path(f"/tmp/perf-{jit.pid}.map")
    other = path.with_suffix(".other")
    path.unlink(missing_ok=True)  # of a process that had this pid before
    try:
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "directory":
            path.mkdir()
        else:
            other.write_text("0 7fffffffffff secret\n")
            os.chown(other, 1, 1)
            path.symlink_to(other)
            os.chown(path, 65534, 65534, follow_symlinks=False)
        run = record_while(jit, "-F", "999")
    finally:
        other.unlink(missing_ok=True)
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    assert_share(run.of("jit"), lambda s: ends_with(s, ("main", "run_jit", "[jit]", "[jit]")), 0.99, 500)


def test_lost_sideband(target, start, build):
    """While profound is stopped perf's rings overflow: it is counted, and what was exec'ed meanwhile is named after."""
    recording = start("--comm", "chain", "--comm", "stage2", "-F", "499")
    time.sleep(1)
    recording.signal(signal.SIGSTOP)
    stage = target("stage1", 0.1, build("stage2"))
    subprocess.run(["sh", "-c", "i=0; while [ $i -lt 3000 ]; do /bin/true; i=$((i+1)); done"], check=True)
    chain = target("chain", 60)
    chain.wait_for("begin")
    recording.signal(signal.SIGCONT)
    time.sleep(0.5)
    # A CPU's ring tells of its loss with the next record that has room.
    for cpu in os.sched_getaffinity(0):
        subprocess.run(["taskset", "-c", str(cpu), "sh", "-c", "/bin/true; /bin/true"], check=True)
    time.sleep(2)
    recording.signal(signal.SIGINT)
    stage.finish()
    run = recording.finish()
    assert run.stats["notes"]["sideband_lost"] > 0, "the rings did not overflow: nothing was tested"
    chain_of = ("main", "alpha", "bravo", "charlie", "delta", "spin")
    assert_share(run.of("chain"),
                 lambda s: ends_with(s, chain_of) or not user_part(s) or user_part(s)[-1].startswith("[") or
                 s[:2] == ("_start", "_dl_start") or user_part(s) == ("_start",), 1.0, 500)
    assert_share(run.of("chain"), lambda s: ends_with(s, chain_of), 0.5, 500)
    assert not any("stage1_" in frame for s in run.of("stage2") for frame in s)


def test_compiled_rust(record, tmp_path):
    if not shutil.which("rustc"):
        pytest.skip("no rustc on this machine (its names are tested by test_rust_names)")
    source = tmp_path / "grocer.rs"
    source.write_text("""
mod stall { #[inline(never)] pub fn sell(n: u64) -> u64 {
    let mut x = 88172645463325252u64; for _ in 0..n { x ^= x << 13; x ^= x >> 7; x ^= x << 17; } x } }
#[inline(never)] fn day(n: u64) -> u64 { std::hint::black_box(stall::sell(n)) + 1 }
fn main() { println!("{}", day(800_000_000)); }
""")
    program = tmp_path / "grocer"
    subprocess.run(["rustc", "-O", "-C", "force-frame-pointers=yes", "-o", program, source], check=True)
    run = record("-F", "999", "--", program)
    assert_share(run.of("grocer"), lambda s: ends_with(s, ("grocer::day", "grocer::stall::sell")), 0.97, 300)


def test_in_a_plain_chroot(build, tmp_path):
    """In a directory that is no mount point mountinfo does not tell of its filesystem; what has ended is named."""
    root, folded = tmp_path / "root", tmp_path / "root/out.folded"
    root.mkdir()
    for program in (profound_binary(), build("chain")):
        shutil.copy(program, root)
    script = 'for d in bin dev etc lib lib64 proc sys tmp usr; do test ! -e /$d && continue; mkdir -p "$1/$d"; ' \
             'mount --rbind "/$d" "$1/$d"; done; ' \
             'exec chroot "$1" /profound record -F 999 -o /out.folded -- /chain 0.6'
    done = subprocess.run(["unshare", "--mount", "sh", "-ec", script, "sh", root], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, text=True)
    assert done.returncode == 0, done.stderr
    stacks = {tuple(stack.split(";")[1:]): int(count) for stack, count in
              (line.rsplit(" ", 1) for line in folded.read_text().splitlines()) if stack.startswith("chain;")}
    chain = ("main", "alpha", "bravo", "charlie", "delta", "spin")
    assert_share(stacks, lambda s: ends_with(s, chain), 0.95, 300)
