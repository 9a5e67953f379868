# SPDX-License-Identifier: GPL-2.0-or-later
"""Code of the kernel that is not in its image: BPF programs, and the pages that it lends to every process. Modules are
tested where there is a kernel that loads them (tests/kernels)."""
import re
import signal

import pytest

from profound import assert_share, ends_with, user_part

BPF = re.compile(r"bpf_prog_[0-9a-f]{16}_spin_prog_\[k\]")


def in_program(stack):
    return any(BPF.fullmatch(frame) for frame in stack)


def without_name(stack):
    return any(frame == "[kernel]_[k]" for frame in stack)


def share_in_program(run):
    stacks = run.of("bpfspin")
    running = {s: n for s, n in stacks.items() if any("bpf_test_run" in f or "bpf_prog_test_run" in f for f in s)}
    assert sum(running.values()) >= 300, stacks.most_common(5)
    assert_share(running, in_program, 0.8, 300)
    assert_share(running, lambda s: not without_name(s), 0.99, 300)


def jitted():
    """An interpreted program is a function of the kernel's image."""
    with open("/proc/sys/net/core/bpf_jit_enable") as file:
        return file.read().strip() != "0"


@pytest.mark.skipif(not jitted(), reason="BPF programs are interpreted here (bpf_jit_enable)")
def test_bpf_program(target, record):
    """One that is there before and after the recording: kallsyms has it."""
    spinning = target("bpfspin", 30)
    spinning.wait_for("begin")
    share_in_program(record("-p", spinning.pid, "-F", "999", "-d", "3"))


@pytest.mark.skipif(not jitted(), reason="BPF programs are interpreted here (bpf_jit_enable)")
def test_bpf_program_that_is_gone(build, record):
    """Loaded and unloaded during the recording: its KSYMBOL records tell."""
    share_in_program(record("-F", "999", "--", build("bpfspin"), "1"))


def test_vsyscall(build, record):
    """Its functions have names, and their caller is not lost: the return address is where sp points."""
    run = record("-F", "999", "--", build("vsyscall"), "1", code=None)
    if run.code == 128 + signal.SIGSEGV:
        pytest.skip("this kernel has no vsyscall page (vsyscall=none)")
    assert run.code == 0
    inside = {s: n for s, n in run.of("vsyscall").items() if "time@vsyscall" in s}
    # emulate_vsyscall() ends by taking the return address off the stack, sp and ip one after the other.
    assert_share(inside, lambda s: ends_with(s, ("main", "run_vsyscall", "time@vsyscall")), 0.98, 300)
    assert_share(run.of("vsyscall"), lambda s: not without_name(s), 0.99, 300)
    assert_share(run.of("vsyscall"), lambda s: "run_vsyscall" in user_part(s), 0.95, 500)
