# SPDX-License-Identifier: GPL-2.0-or-later
"""Files, signals, the terminal and the figures."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

import profound
from profound import bare, in_mounts, parse_folded, wait_until

NOBODY = 65534


@pytest.mark.smoke
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_keeps_data(target, start, number):
    chain = target("chain", 30)
    recording = start("-F", "199", "-p", chain.pid)
    time.sleep(1.5)
    recording.signal(number)
    run = recording.finish(timeout=20)
    assert run.comms()["chain"] > 30, run.comms()
    assert "wrote" in run.stderr


def test_second_sigint_gives_up(target, tmp_path):
    """130 at once, no file: while the first one's output waits for a reader that does not read."""
    target("storm", 30)
    out = tmp_path / "out.folded"
    with subprocess.Popen([profound.binary(), "record", "-F", "4999", "-o", "-", "-o", out],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        time.sleep(2)
        run.send_signal(signal.SIGINT)
        time.sleep(2.5)
        assert run.poll() is None, "nobody reads its stdout: it should be waiting"
        run.send_signal(signal.SIGINT)
        try:
            assert run.wait(timeout=5) == 130
        finally:
            run.kill()
    assert os.listdir(tmp_path) == []


def test_first_sigint_after_the_end(target, tmp_path):
    """When -d has ended sampling, the first SIGINT comes while files are written: only a second one gives up."""
    target("storm", 30)
    out = tmp_path / "out.folded"
    with subprocess.Popen([profound.binary(), "record", "-F", "4999", "-d", "1", "-o", "-", "-o", out],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        time.sleep(3.5)
        assert run.poll() is None, "nobody reads its stdout: it should be waiting"
        run.send_signal(signal.SIGINT)
        stdout, _ = run.communicate(timeout=20)
    assert run.returncode == 0
    assert parse_folded(stdout.decode()) == parse_folded(out.read_text())


def test_reader_goes_away(target, tmp_path):
    """Nobody reads stdout any more: said in one line, and the other files are there."""
    target("chain", 30)
    reader, writer = os.pipe()
    os.close(reader)
    out, stats = tmp_path / "out.folded", tmp_path / "stats.json"
    done = subprocess.run([profound.binary(), "record", "-q", "-d", "0.5", "-o", "-", "-o", out, "--stats", stats],
                          stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE, timeout=30)
    os.close(writer)
    assert done.returncode == 1, done
    assert done.stderr.count(b"\n") == 1 and b"'-'" in done.stderr, done.stderr
    assert sum(parse_folded(out.read_text()).values()) == json.loads(stats.read_text())["samples"]["taken"]


def test_full_disk(target, tmp_path):
    """The file on the full disk is not there, not even in part; the other one is whole."""
    target("chain", 30)
    (tmp_path / "full").mkdir()
    prefix = in_mounts(f"mount -t tmpfs -o size=4k full {tmp_path}/full\n"
                       f"dd if=/dev/zero of={tmp_path}/full/fill bs=4k count=1 2>/dev/null\n"
                       f"trap 'ls -A {tmp_path}/full' EXIT\n\"$@\"; exit $?")
    done = subprocess.run([*prefix, profound.binary(), "record", "-F", "999", "-d", "1",
                           "-o", tmp_path / "full/out.folded", "-o", tmp_path / "out.folded"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    assert done.returncode == 1, done
    assert b"full/out.folded" in done.stderr and b"No space left" in done.stderr, done.stderr
    assert done.stdout.split() == [b"fill"], f"left on the full disk: {done.stdout}"
    assert sum(parse_folded((tmp_path / "out.folded").read_text()).values()) > 100


def test_stdout_is_data_only(target, tmp_path):
    target("chain", 30)
    code, stdout, stderr = bare("record", "-F", "499", "-d", "1", "-o", "-", "--stats", tmp_path / "stats.json")
    assert code == 0, stderr
    stats = json.loads((tmp_path / "stats.json").read_text())
    profound.check_identity(stats, parse_folded(stdout.decode()))


def test_quiet(target):
    target("chain", 30)
    code, stdout, stderr = bare("record", "-q", "-d", "1", "-o", "-")
    assert code == 0 and stderr == "" and parse_folded(stdout.decode())


def test_several_outputs(target, tmp_path):
    """One recording, many files, one truth; --format belongs to the -o before it."""
    target("chain", 30)
    paths = [tmp_path / name for name in ("a.folded", "b.txt", "c.html", "d.data")]
    code, _, stderr = bare("record", "-F", "499", "-d", "1", *(x for p in paths[:3] for x in ("-o", p)),
                           "-o", paths[3], "--format", "folded")
    assert code == 0, stderr
    folded = [paths[n].read_text() for n in (0, 1, 3)]
    assert folded[0] == folded[1] == folded[2] != ""
    assert paths[2].read_text().lstrip().lower().startswith("<!doctype html")
    assert not [name for name in os.listdir(tmp_path) if tmp_path / name not in paths], "something was left behind"
    assert all(str(path) in stderr for path in paths), stderr


def test_default_output(target, tmp_path):
    code, stdout, stderr = bare("record", "-d", "1", cwd=tmp_path)
    assert code == 0 and stdout == b"", stderr
    (name,) = os.listdir(tmp_path)
    assert re.fullmatch(r"profound-.+-\d{8}T\d{6}\.html", name) and name in stderr


def test_existing_file_is_replaced_whole(target, tmp_path):
    """A reader of the old file keeps it; a file that is no regular one is written into."""
    chain = target("chain", 30)
    path = tmp_path / "out.folded"
    path.write_text("old\n")
    with open(path) as old:
        assert bare("record", "-d", "1", "-o", path)[0] == 0
        assert old.read() == "old\n"
    parse_folded(path.read_text())
    fifo = tmp_path / "fifo.folded"
    os.mkfifo(fifo)
    with subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE) as reader:
        try:
            # Of one process: what the pipes hold, since nobody reads before it ends.
            code, _, stderr = bare("record", "-p", str(chain.pid), "-F", "499", "-d", "1", "-o", fifo)
            assert code == 0, stderr
            assert parse_folded(reader.stdout.read().decode())
        finally:
            reader.kill()
    assert os.path.exists(fifo)


def test_sudo_owner(target, record, tmp_path):
    run = record("-d", "1", "-o", tmp_path / "page.html", env={**os.environ, "SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY)})
    for path in (tmp_path / "page.html", *(p for p in (tmp_path / "run0").iterdir())):
        info = path.stat()
        assert (info.st_uid, info.st_gid) == (NOBODY, NOBODY), f"{path}: {info}\n{run}"


def test_stats(target, record):
    """Keys, nulls, and figures that follow from others."""
    chain = target("chain", 30)
    chain.wait_for("begin")
    run = record("-p", chain.pid, "-F", "999", "-d", "2")
    stats = run.stats
    assert stats["frequency_hz"] == 999
    assert stats["stacks"]["distinct"] == len({key[1:] for key in run.folded}) or \
        stats["stacks"]["distinct"] >= len(run.folded), stats["stacks"]
    seconds = stats["time"]
    assert 1.9 < seconds["sampled_seconds"] < 2.5
    assert 0 < seconds["ready_seconds"] < 1
    assert seconds["total_seconds"] >= seconds["sampled_seconds"]
    assert 0 < stats["cost"]["cpu_seconds"] < 2
    assert 2 << 20 < stats["cost"]["max_rss_bytes"] < 512 << 20
    assert stats["cost"]["bpf_memory_bytes"] is None or stats["cost"]["bpf_memory_bytes"] > 0
    assert 0 < stats["cost"]["kernel_ns_per_sample"] < 100000
    assert stats["cost"]["drained_bytes"] > 0
    assert stats["kernel"].startswith(os.uname().release.split("-")[0])
    assert stats["frames"]["named"] > 0
    assert stats["frames"]["by_fp"] <= 3 and stats["stacks"]["complete"] > 0.99 * stats["samples"]["taken"], stats


def test_no_sample(target, record):
    """Nothing ran: exit 0, and it is said."""
    with subprocess.Popen(["sleep", "30"]) as sleeper:
        try:
            run = record("-p", sleeper.pid, "-d", "1")
        finally:
            sleeper.kill()
    assert not run.folded and run.stats["samples"]["taken"] == 0
    assert re.search(r"^samples +(none|0 )", run.stderr, re.MULTILINE), run.stderr


def test_summary(target, record):
    target("chain", 30)
    run = record("-F", "499", "-d", "1")
    heads = [line.split()[0] for line in run.stderr.splitlines() if line.strip()]
    for word in ("samples", "stacks", "names", "top", "cost", "wrote"):
        assert word in heads, run.stderr
    assert f"{run.stats['samples']['taken']:,}" in run.stderr, run.stderr
    assert "\r" not in run.stderr and "\x1b" not in run.stderr, "a progress line off a terminal"


def test_progress_on_terminal(target, tmp_path):
    target("chain", 30)
    main, terminal = pty.openpty()
    with subprocess.Popen([profound.binary(), "record", "-d", "2", "-o", tmp_path / "out.folded"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=terminal) as run:
        os.close(terminal)
        seen = b""
        while select.select([main], [], [], 15)[0]:
            try:
                piece = os.read(main, 4096)
            except OSError: # the other end is closed
                break
            if not piece:
                break
            seen += piece
    os.close(main)
    assert run.returncode == 0, seen
    # Drawn more than once over itself, before the summary.
    assert seen.split(b"wrote")[0].count(b"\r") - seen.split(b"wrote")[0].count(b"\r\n") >= 2, seen
    assert b"samples" in seen


def test_min_quality(target, record_while):
    """Stacks with frames that have no name are not complete and named."""
    jit = target("jit", 1)
    jit.wait_for("begin")
    recording = record_while(jit, "-F", "499", "--min-quality", "50", code=3)
    assert recording.folded, "below the mark, and written all the same"
    assert re.search(r"record: [0-9.]+ % of the stacks are complete and named, --min-quality asks for 50 %",
                     recording.stderr), recording.stderr
    jit = target("jit", 1)
    jit.wait_for("begin")
    record_while(jit, "-F", "499", "--min-quality", "0")


def test_target_dies(target, start):
    """A target that is killed while it is recorded: the profile goes on."""
    chain = target("chain", 30)
    chain.wait_for("begin")
    recording = start("-p", chain.pid, "-F", "999", "-d", "3")
    wait_until(lambda: recording.popen.poll() is None, what="recording")
    time.sleep(1.5)
    chain.kill()
    run = recording.finish()
    assert run.comms()["chain"] > 300, run.comms()


def test_no_command_line_in_output(build, record, tmp_path):
    """No output holds command lines or environments."""
    page = tmp_path / "page.html"
    run = record("-F", "499", "-o", page, "--", build("chain"), "0.5", "0", "secret-argument",
                 env={**os.environ, "TOKEN": "secret-environment"})
    for text in (page.read_text(), run.stderr, json.dumps(run.stats), str(run.folded)):
        assert "secret" not in text
