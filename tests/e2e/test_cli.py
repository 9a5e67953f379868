# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line as CLI.md promises it: exit status, where text goes, what a refusal names and hints at."""
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFOUND = os.environ.get("PROFOUND", str(ROOT / "build" / "profound"))
NO_PID = "4194304"  # PID_MAX_LIMIT is never given out


def run(*args, cwd=None, prefix=()):
    return subprocess.run(
        [*prefix, PROFOUND, *args], capture_output=True, text=True, timeout=30, cwd=cwd,
        stdin=subprocess.DEVNULL, check=False)


def refused(result, status, *says):
    """One line on stderr that holds each of `says`, nothing on stdout."""
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1 and result.stderr.endswith("\n"), result.stderr
    for text in says:
        assert text in result.stderr, result.stderr


WRONG_USAGE = [
    (["-F", "99", "-c", "100"], ["-F and -c"]),
    (["-U", "-K"], ["-U and -K"]),
    (["-a", "-p", "1"], ["-a and -p"]),
    (["-a", "-t", "1"], ["-a and -t"]),
    (["--frequncy", "99"], ["--frequncy", "did you mean --frequency?"]),
    (["--al-cpus"], ["--al-cpus", "did you mean --all-cpus?"]),
    (["-Z"], ["-Z"]),
    (["--container", "abcde"], ["--container", "6 or more"]),
    (["--container", "web-1"], ["--container", "docker ps"]),
    (["--timestamps"], ["--timestamps"]),
    (["-F"], ["-F needs a value"]),
    (["-F", "0"], ["'0'"]),
    (["-F", "fast"], ["'fast'"]),
    (["-F", "100001"], ["'100001'", "100000"]),
    (["-F", "-1"], ["'-1'"]),
    (["-c", "0"], ["'0'"]),
    (["-c", "1.5"], ["'1.5'"]),
    (["-d", "0"], ["'0'"]),
    (["-d", "soon"], ["'soon'"]),
    (["-d", "-3"], ["'-3'"]),
    (["ls"], ["'ls'", "--"]),
    (["-p", "self"], ["'self'"]),
    (["-p", "1,"], ["'1,'"]),
    (["-p", "0"], ["'0'"]),
    (["-t", "x"], ["'x'"]),
    (["-C", "3-1"], ["'3-1'", "0-3,7"]),
    (["-C", "a"], ["'a'"]),
    (["--comm", "longer-than-fifteen"], ["longer-than-fifteen", "15 bytes", "'longer-than-fif'"]),
    (["-e", "cycles", "-e", "cs"], ["'cs'", "one at a time"]),
    (["-e", "cycles,cs"], ["cycles,cs", "one event"]),
    (["-e", "cycles:pp"], ["cycles:pp", "precise"]),
    (["-e", "cycles:x"], ["'x'"]),
    (["-e", "sched:sched_switch"], ["sched:sched_switch", "tracepoint", "not supported yet"]),
    (["-o", "x.htm"], ["x.htm", "did you mean .html?"]),
    (["-o", "x.json"], ["x.json"]),
    (["-o", "x.otlq"], ["x.otlq"]),
    (["-o", "noextension"], ["noextension", "--format"]),
    (["-o", "x.folded", "-o", "x.folded"], ["'x.folded'", "twice"]),
    (["-o", "-", "-o", "-"], ["'-'", "twice"]),
    (["-o", "x", "--format", "foldde"], ["'foldde'", "did you mean folded?"]),
    (["--format", "folded"], ["'folded'", "-o"]),
    (["--memory", "lots"], ["'lots'"]),
    (["--memory", "1k"], ["'1k'", "8M"]),
    (["--min-quality", "101"], ["'101'", "100"]),
    (["--"], ["no command"]),
]


@pytest.mark.parametrize("args,says", WRONG_USAGE, ids=lambda value: " ".join(value))
def test_record_wrong_usage(args, says, tmp_path):
    refused(run("record", *args, cwd=tmp_path), 2, "profound record: ", *says)
    assert not list(tmp_path.iterdir())


MACHINE_LACKS = [
    (["-p", NO_PID], [NO_PID, "no such process"]),
    (["-t", NO_PID], [NO_PID, "no such thread"]),
    (["-L", NO_PID], [NO_PID]),
    (["-C", "8191"], ["8191", "no such CPU"]),
    (["-u", "no-such-user"], ["no-such-user"]),
    (["-G", "no-such-cgroup"], ["no-such-cgroup"]),
    (["-G", "/proc"], ["/proc"]),
    (["-e", "cylces"], ["cylces", "did you mean cycles?"]),
    (["-e", "cpuclock"], ["cpuclock", "did you mean cpu-clock?"]),
    (["-e", "nosuchpmu/event=1/"], ["nosuchpmu"]),
]


@pytest.mark.parametrize("args,says", MACHINE_LACKS, ids=lambda value: " ".join(value))
def test_record_machine_lacks(args, says, tmp_path):
    if os.geteuid():
        pytest.skip("needs root: without it the privilege is what is missing")
    refused(run("record", *args, "-d", "1", cwd=tmp_path), 1, "profound record: ", *says)
    assert not list(tmp_path.iterdir())


def test_record_thread_given_as_process(tmp_path):
    if os.geteuid():
        pytest.skip("needs root: without it the privilege is what is missing")
    tid, ready, done, result = [], threading.Event(), threading.Event(), []

    def wait():
        tid.append(threading.get_native_id())
        ready.set()
        done.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    ready.wait()
    try:
        result.append(run("record", "-p", str(tid[0]), "-d", "1", cwd=tmp_path))
    finally:
        done.set()
        thread.join()
    refused(result[0], 1, f"use -t {tid[0]}", f"process {os.getpid()}")


def without_capabilities():
    if os.geteuid():
        return ()
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv (util-linux)")
    return ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all")


def test_record_without_privilege(tmp_path):
    result = run("record", "-d", "1", cwd=tmp_path, prefix=without_capabilities())
    refused(result, 1, "CAP_BPF", "setcap")
    assert not list(tmp_path.iterdir())


def test_record_help_fits_a_screen():
    result = run("record", "--help")
    assert result.returncode == 0 and result.stderr == ""
    lines = result.stdout.splitlines()
    assert 25 <= len(lines) <= 45
    assert max(map(len, lines)) <= 86
    for option in ("--all-cpus", "--pid", "--tid", "--cpu", "--uid", "--cgroup", "--container", "--comm", "--freq",
                   "--count", "--event", "--duration", "--output", "--format", "--memory", "--stats",
                   "--min-quality", "--idle", "--ignore-kernel-bugs", "--lines", "--no-inline", "--debuginfod"):
        assert option in result.stdout
    for later in ("--timestamps",):
        assert later not in result.stdout


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["help"]])
def test_help(args):
    result = run(*args)
    assert result.returncode == 0 and result.stderr == ""
    for command in ("record", "report", "agent", "query", "doctor", "list", "help"):
        assert f"  {command} " in result.stdout
    assert "diff" not in result.stdout


@pytest.mark.parametrize("command", ["record", "report", "agent", "query", "doctor", "list"])
def test_help_of_command(command):
    result = run("help", command)
    assert result.returncode == 0 and "profound" in result.stdout
    assert run(command, "--help").returncode == 0


def test_version():
    lines = run("--version").stdout.splitlines()
    assert lines[0].startswith("profound ") and lines[0][9].isdigit()
    assert lines[1].startswith("libbpf 1.")


@pytest.mark.parametrize("args,says", [
    (["recrod"], ["'recrod'", "did you mean record?"]),
    (["docter"], ["did you mean doctor?"]),
    (["--verison"], ["did you mean --version?"]),
    (["xyzzy"], ["'xyzzy'", "--help"]),
    (["diff"], ["'diff'"]),
    (["agnet"], ["did you mean agent?"]),
    (["help", "lsit"], ["did you mean list?"]),
    ([], ["--help"]),
    (["list", "evnets"], ["'evnets'", "did you mean events?"]),
    (["list", "--all"], ["--all"]),
    (["doctor", "now"], ["'now'"]),
], ids=lambda value: " ".join(value))
def test_wrong_command(args, says):
    refused(run(*args), 2, "profound", *says)


def test_list():
    everything = run("list")
    assert everything.returncode == 0 and everything.stderr == ""
    parts = [run("list", part).stdout for part in ("events", "formats", "causes", "runtimes")]
    assert "".join(parts) == everything.stdout
    assert ".folded" in parts[1] and ".html" in parts[1] and "otlp+grpcs://" in parts[1]
    assert "read by report, also packed by gzip:\n  otlp pprof folded\n" in parts[1]
    for cause in ("not_run", "stack_table_full", "no_unwind_info", "mapping_changed"):
        assert f"  {cause} " in parts[2]
    assert "native" in parts[3]


def test_list_events_are_those_that_open():
    if os.geteuid():
        pytest.skip("needs root: events do not open otherwise")
    events = run("list", "events").stdout
    assert "  cpu-clock " in events and "context-switches, cs" in events
    assert "dummy" not in events


def test_doctor():
    result = run("doctor")
    assert result.stderr == ""
    rows = [line.split(None, 1) for line in result.stdout.splitlines() if line and line[0] != " "]
    verdicts = [row[0] for row in rows[:-1]]
    assert set(verdicts) <= {"ok", "warn", "FAIL"} and len(verdicts) >= 15
    assert result.returncode == (1 if "FAIL" in verdicts else 0)
    assert result.stdout.count("costs: ") == len(verdicts) - verdicts.count("ok")


def test_doctor_without_privilege():
    result = run("doctor", prefix=without_capabilities())
    assert result.returncode == 1
    assert "FAIL  capabilities" in result.stdout and "setcap cap_bpf" in result.stdout
    assert "record does not work here" in result.stdout
