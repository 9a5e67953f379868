# SPDX-License-Identifier: GPL-2.0-or-later
"""The same binary and the same assertions about stacks on the kernels of Debian 11, 12 and 13, and its newest."""
import re
import shutil

import pytest

import debian
import guest as qemu
from profound import assert_share, ends_with, lost_by_us, plain, user_part, whole

CHAIN = ("main", "alpha", "bravo", "charlie", "delta", "spin")


@pytest.fixture(params=qemu.KERNELS)
def guest(request):
    for program in ("qemu-system-x86_64", "busybox", "apt-get"):
        if not shutil.which(program):
            pytest.skip(f"no {program} on this machine (tools/deps test installs it)")
    try:
        return qemu.boot(request.param)
    except debian.Unavailable as reason:
        pytest.skip(f"kernel {request.param}: {reason}")


def test_boots(guest):
    """The kernel is the one asked for, every scenario ran, and the kernel had nothing to complain about."""
    kernel = guest.text("kernel.txt")
    if guest.version == "newest":
        assert int(kernel.split(".")[0]) >= 7, kernel
    else:
        assert kernel.startswith(guest.version + "."), kernel
    assert "guest: done" in guest.console
    assert guest.text("dmesg.txt") == ""


def test_chain(guest):
    """-p: that process and no other, its stacks whole."""
    run = guest.run("chain")
    assert set(run.comms()) == {"chain"}
    assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.99, 150)
    assert run.stats["samples"]["taken"] < 1.1 * 99 * 5, "two were running, on two CPUs"
    assert lost_by_us(run.stats) == {}


def from_main(stack, *names):
    """From the entry point to main, whose callees' names begin so."""
    user = plain(user_part(stack))
    at = user.index("main") + 1 if "main" in user else len(user)
    return whole(stack) and user[0] == "_start" and len(user) >= at + len(names) and \
        all(frame.startswith(name) for frame, name in zip(user[at:], names))


@pytest.mark.parametrize("program, chain", [
    ("bare", ("outer", "middle", "inner", "churn")), ("throwing", ("shop::run",))])
def test_without_frame_pointers(guest, program, chain):
    """Whole from the first sample on, and not by chance: no step was by frame pointer."""
    run = guest.run(program)
    assert_share(run.of(program), lambda stack: from_main(stack, *chain), 0.99, 500)
    assert run.stats["stacks"]["complete"] >= 0.99 * run.stats["samples"]["taken"], run.stats["stacks"]
    assert run.stats["frames"]["by_fp"] == 0, run.stats["frames"]
    assert lost_by_us(run.stats) == {}


def test_command(guest):
    """COMMAND's children are followed."""
    run = guest.run("command")
    cpu = sum(float(line.split()[1]) for line in run.stdout.decode().splitlines() if line.startswith("child "))
    found = sum(n for stack, n in run.of("family").items() if ends_with(stack, ("child_chain", "child_work"))) / 99
    assert abs(found + run.stats["samples"]["lost"]["not_run"] / 99 - cpu) < 0.2 * cpu + 0.1, \
        f"{found:.2f} s of {cpu:.2f} s\n{run.stats['samples']}"


def test_kernel_frames(guest):
    run = guest.run("everything")
    in_read = {s: n for s, n in run.of("kernel").items() if "vfs_read_[k]" in s}
    assert sum(in_read.values()) > 0.8 * sum(run.of("kernel").values())
    assert all(s.index("do_syscall_64_[k]") < s.index("vfs_read_[k]") for s in in_read)
    assert_share(run.of("kernel"), lambda s: ends_with(s, ("main", "reader", "fetch")), 0.98, 300)
    assert lost_by_us(run.stats) == {}


def test_hotplug(guest):
    """A CPU that goes away is no error; when it is back it is sampled."""
    assert guest.text("hotplug.online").strip() == "0", "the guest could not bring its CPU back"
    run = guest.run("hotplug")
    assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.98, 150)
    assert_share(run.of("late"), lambda stack: ends_with(stack, CHAIN), 0.98, 100)
    assert lost_by_us(run.stats) == {}


def test_pid_reuse(guest):
    """One process id, two programs at the same addresses."""
    pids = set(re.findall(r"^pid (\d+)", guest.text("reuse.pids"), re.MULTILINE))
    assert len(pids) == 1, guest.text("reuse.pids")
    run = guest.run("reuse")
    for n, other in ((1, 2), (2, 1)):
        stacks = run.of(f"stage{n}")
        assert_share(stacks, lambda s: not any(f"stage{other}_" in frame for frame in s), 1.0, 50)
        assert_share(stacks, lambda s: ends_with(s, (f"stage{n}_chain", f"stage{n}_work")), 0.95, 50)


def test_module(guest):
    """Code of a module is named from kallsyms."""
    run = guest.run("module")
    named = sum(n for stack, n in run.of("insmod").items() if any(re.match("raid6_.*_\\[k\\]", f) for f in stack))
    assert named > 20, run.folded.most_common(10)


def test_cgroup(guest):
    run = guest.run("cgroup")
    assert set(run.comms()) == {"chain"}, run.comms()
    assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.98, 80)


def test_agent(guest):
    """Intervals go on while a CPU goes and comes back; its history has all of them."""
    assert guest.text("agent.status").strip() == "0", guest.text("agent.log")
    log = guest.text("agent.log").splitlines()
    written = [line for line in log if 'msg="interval written"' in line]
    assert len(written) >= 2, log # on a slow machine they are longer
    assert not [line for line in log if "level=error" in line], log
    run = guest.run("agent")
    assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.99, 400)
    assert lost_by_us(run.stats) == {}
