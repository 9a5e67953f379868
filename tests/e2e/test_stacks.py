# SPDX-License-Identifier: GPL-2.0-or-later
"""Known chains, by share. A population is 5,000 samples at 999 Hz; every bad stack is printed."""
import collections

import pytest

from profound import assert_share, ends_with, in_mounts, share_of, user_part

CHAIN = ("main", "alpha", "bravo", "charlie", "delta", "spin")
POPULATION = 5000
SECONDS = 5.6 # of CPU time; what is gone before the recording is ready is not in the population


@pytest.mark.smoke
def test_chain(target, record_while):
    chain = target("chain", SECONDS)
    chain.wait_for("begin")
    run = record_while(chain, "-F", "999")
    assert set(run.comms()) == {"chain"}, run.comms()
    assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.995, POPULATION)


@pytest.mark.parametrize("build_mode", ["static", "stripped"])
def test_chain_other_builds(target, record_while, build_mode):
    """.symtab of a static program; .dynsym alone of a stripped one."""
    chain = target(build_mode, 2)
    chain.wait_for("begin")
    run = record_while(chain, "-F", "999")
    assert_share(run.of(build_mode), lambda stack: ends_with(stack, CHAIN), 0.99, 1000)


def test_deleted_binary(build, target, record_while, tmp_path):
    path = tmp_path / "gone"
    path.write_bytes(build("chain").read_bytes())
    path.chmod(0o755)
    chain = target(path, 2)
    chain.wait_for("begin")
    path.unlink()
    run = record_while(chain, "-F", "999")
    assert_share(run.of("gone"), lambda stack: ends_with(stack, CHAIN), 0.99, 1000)


def test_threads(build, record):
    """Names and chains of threads belong together, and their shares are those of their own CPU clocks."""
    run = record("-F", "999", "--", build("threads"), "6", timeout=60)
    clocks = {line.split()[0]: float(line.split()[1]) for line in run.stdout.decode().splitlines()}
    assert set(clocks) == {"left", "right", "brief", "first", "second"}
    total, found = sum(clocks.values()), {}
    for name in clocks:
        stacks = run.of(name)
        assert_share(stacks, lambda stack: ends_with(stack, (f"{name}_chain", f"{name}_work")), 0.97, 300)
        found[name] = sum(stacks.values())
    assert sum(found.values()) >= POPULATION, found
    for name, clock in clocks.items():
        share = found[name] / sum(found.values())
        assert abs(share - clock / total) < 0.02, f"{name}: {share:.3f} of samples, {clock / total:.3f} of CPU time"


def test_deep(target, record_while):
    """600 frames are kept whole."""
    deep = target("deep", SECONDS, 600)
    deep.wait_for("begin")
    run = record_while(deep, "-F", "999")
    chain = ("main",) + ("descend",) * 600 + ("bottom",)
    assert_share(run.of("deep"), lambda stack: ends_with(stack, chain), 0.995, POPULATION)


def test_too_deep(target, record_while):
    """What is cut says so, right after the thread's name."""
    deep = target("deep", 2, 3000)
    deep.wait_for("begin")
    run = record_while(deep, "-F", "999")

    def cut(stack):
        return stack[0] == "[truncated: depth_limit]" and stack.count("descend") >= 512 \
            and ends_with(stack, ("descend", "bottom"))

    assert_share(run.of("deep"), cut, 0.99, 1000)
    assert run.stats["stacks"]["cut"]["depth_limit"] >= 0.99 * run.stats["samples"]["taken"]


def test_kernel_chain(target, record_while):
    """A system call: the kernel's frames on top of the caller's, in their order."""
    reader = target("kernel", SECONDS)
    reader.wait_for("begin")
    run = record_while(reader, "-F", "999")
    stacks = run.of("kernel")
    assert_share(stacks, lambda stack: ends_with(stack, ("main", "reader", "fetch")), 0.995, POPULATION)
    in_read = collections.Counter({s: n for s, n in stacks.items() if "vfs_read_[k]" in s})
    assert sum(in_read.values()) > 0.9 * sum(stacks.values()), share_of(stacks, lambda s: s in in_read)[2]

    def ordered(stack):
        kernel = stack[len(user_part(stack)):]
        return all(frame.endswith("_[k]") for frame in kernel) and \
            kernel.index("do_syscall_64_[k]") < kernel.index("vfs_read_[k]")

    assert_share(in_read, ordered, 0.999, 4000)


def test_user_only_and_kernel_only(target, record_while):
    for option in ("-U", "-K"):
        reader = target("kernel", 1)
        reader.wait_for("begin")
        run = record_while(reader, "-F", "999", option)
        stacks = run.of("kernel")
        assert sum(stacks.values()) > 500, "samples must be kept"
        if option == "-U":
            assert_share(stacks, lambda s: s == user_part(s) and ends_with(s, ("reader", "fetch")), 0.99, 500)
        else:
            assert_share(stacks, lambda s: user_part(s) == (), 1.0, 500)


def test_cxx_names(target, record_while):
    """Qualified, with template arguments; parameters and return types are no part of the claim."""
    for option, chain in ((None, ("main", "shop::checkout", "shop::Cart::total<int>")),
                          ("--no-demangle", ("main", "_ZN4shop8checkoutEd", "_ZNK4shop4Cart5totalIiEElT_"))):
        shop = target("shop", 1)
        shop.wait_for("begin")
        run = record_while(shop, "-F", "999", *([option] if option else []))

        def right(stack):
            plain = [frame.removeprefix("long ").split("(")[0] for frame in user_part(stack)]
            return tuple(plain[-3:]) == chain

        assert_share(run.of("shop"), right, 0.99, 500)


def test_rust_names(target, record_while):
    """Both of rustc's manglings; the legacy one without its hash."""
    rustic = target("rustic", 1)
    rustic.wait_for("begin")
    run = record_while(rustic, "-F", "999")
    assert_share(run.of("rustic"), lambda s: ends_with(s, ("main", "market::stall::sell", "market::weigh")), 0.99, 500)


def test_hidden_kallsyms(target, record_while, tmp_path):
    """Zeroed kallsyms, as kptr_restrict shows them: kernel frames stay, without names, and it is said."""
    zeroed = tmp_path / "kallsyms"
    with open("/proc/kallsyms") as real, zeroed.open("w") as out:
        for line in real:
            out.write("0000000000000000 " + line.split(" ", 1)[1])
    reader = target("kernel", 1)
    reader.wait_for("begin")
    run = record_while(reader, "-F", "999",
                       before=in_mounts(f"mount --bind {zeroed} /proc/kallsyms"))
    kernel = collections.Counter()
    for stack, n in run.of("kernel").items():
        for frame in stack[len(user_part(stack)):]:
            kernel[frame] += n
    assert set(kernel) == {"[kernel]_[k]"}, kernel.most_common(5)
    assert run.stats["frames"]["unnamed"], run.stats["frames"]
