# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that lack something: what is not ours to need is not needed, and no privilege is one clear line."""
import shutil
import subprocess

import profound
from profound import assert_share, ends_with, in_mounts

CHAIN = ("main", "alpha", "bravo", "charlie", "delta", "spin")
NOBODY = "65534"


def records_well(target, record, before):
    chain = target("chain", 30)
    chain.wait_for("begin")
    run = record("-p", chain.pid, "-F", "999", "-d", "1", before=before)
    assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.99, 200)


def test_small_memlock_without_sys_resource(target, record):
    records_well(target, record, ["prlimit", "--memlock=65536:65536",
                                  "setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"])


def test_without_tracefs(target, record):
    records_well(target, record, in_mounts("for d in /sys/kernel/tracing /sys/kernel/debug; do\n"
                                           "test ! -d $d || mount -t tmpfs none $d; done"))


def test_few_descriptors(target, record):
    records_well(target, record, ["prlimit", "--nofile=256:256"])


def test_no_privilege(build, tmp_path):
    """Exit 1, one line: what, why, what to do."""
    program = build("chain").parent / "profound-of-nobody"
    shutil.copy(profound.binary(), program)
    program.chmod(0o755)
    done = subprocess.run(["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--", program,
                           "record", "-d", "1", "-o", "-"], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=20, text=True)
    assert done.returncode == 1, done
    assert done.stdout == "" and len(done.stderr.strip().splitlines()) == 1, done
    assert "root" in done.stderr or "sudo" in done.stderr or "CAP_" in done.stderr, done.stderr


def test_few_descriptors(record):
    """The soft limit on open files is raised to the hard one: two for each CPU and one for each sampled file."""
    run = record("-d", "1", before=["prlimit", "--nofile=24:"])
    assert run.stats["frames"]["unnamed_by_cause"]["file_unreadable"] == 0, str(run)
