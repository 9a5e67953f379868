# SPDX-License-Identifier: GPL-2.0-or-later
"""Least privilege: what the documented capabilities are enough for, what each that is missing costs, what is given up once
sampling begins, and who does not inherit any of it."""
import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

import profound
from agents import Agent
from profound import assert_share, ends_with
from receivers import PLAIN

UNIT = profound.ROOT / "deploy/systemd/profound.service"
README = profound.ROOT / "README.md"
NUMBERS = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_DAC_READ_SEARCH": 2, "CAP_FOWNER": 3, "CAP_KILL": 5,
           "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_SYS_RESOURCE": 24, "CAP_SYSLOG": 34, "CAP_PERFMON": 38,
           "CAP_BPF": 39, "CAP_CHECKPOINT_RESTORE": 40}
FOR_START = {"CAP_SYSLOG", "CAP_SYS_RESOURCE"}
FOR_FILES = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"}
REQUIRED = {"CAP_BPF", "CAP_PERFMON"}
CHAIN = ("main", "alpha", "bravo", "charlie", "delta", "spin")
NOBODY = 65534


def words(text):
    return re.findall(r"\bCAP_[A-Z_]+", text)


def documented():
    """In README, as one line of code."""
    [line] = re.findall(r"^    (CAP_BPF .*)$", README.read_text(), re.MULTILINE)
    return words(line)


def mask(names):
    return sum(1 << NUMBERS[name] for name in names)


def status(pid, tid=None):
    path = pathlib.Path(f"/proc/{pid}/task/{tid}/status" if tid else f"/proc/{pid}/status")
    return dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)


def ours():
    """What this test may give: a machine's bounding set can lack some."""
    return int(status("self")["CapBnd"], 16)


def only(names):
    """What comes after it has these capabilities and no others, as root."""
    have = [name for name in names if ours() >> NUMBERS[name] & 1]
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-all" + "".join(",+" + name[4:].lower() for name in have)]


def release():
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])


def symbols_ask():
    """Does it take CAP_SYSLOG to see the kernel's addresses?"""
    read = lambda name: int(pathlib.Path("/proc/sys/kernel", name).read_text())
    return read("kptr_restrict") == 1 or (read("kptr_restrict") <= 0 and read("perf_event_paranoid") > 1)


def test_one_list():
    """README, the unit, the chart, doctor and setcap's line name the same ones."""
    [unit] = re.findall("^CapabilityBoundingSet=(.*)$", UNIT.read_text(), re.MULTILINE)
    assert words(unit) == documented()
    chart = (profound.ROOT / "deploy/kubernetes/profound/templates/daemonset.yaml").read_text()
    assert ["CAP_" + name for name in re.search(r"add: \[(.*)\]", chart)[1].split(", ")] == documented()
    needed = [name for name in documented() if name not in FOR_START]
    out = subprocess.run([profound.binary(), "doctor"], capture_output=True, text=True, check=True).stdout
    [row] = re.findall(r"^ok +capabilities +(.*)$", out, re.MULTILINE)
    assert [name for name in words(row) if name not in FOR_START] == needed
    assert ("CAP_SYSLOG" in row) == symbols_ask()
    out = subprocess.run([*only([]), profound.binary(), "doctor"], capture_output=True, text=True, check=False).stdout
    [given] = set(re.findall(r"setcap (\S+)\+ep ", out))
    assert given.upper().split(",") == words(row)
    assert set(re.findall(r"^(?:warn|FAIL) +(CAP_\S+) +missing$", out, re.MULTILINE)) == set(words(row)), out


class Scene:
    """Programs that only privilege sees whole: another's, another's that nobody may read, one that is deleted; and one that
    is in the kernel. Each has a thread name of its own."""

    def __init__(self, build, folder):
        self.stack = contextlib.ExitStack()
        folder.chmod(0o711)
        self.run(folder, build("chain"), "others", 0o755, before=["setpriv", f"--reuid={NOBODY}", "--clear-groups"])
        self.run(folder, build("chain"), "unreadable", 0o755, after=lambda path: path.chmod(0o600), owner=NOBODY)
        self.run(folder, build("chain"), "deleted", 0o755, after=pathlib.Path.unlink)
        self.start(["dd", "if=/dev/zero", "of=/dev/null", "bs=64k"])

    def run(self, folder, program, name, mode, before=(), after=None, owner=0):
        path = folder / name
        shutil.copy(program, path)
        os.chown(path, owner, -1)
        path.chmod(mode)
        one = profound.Target([*before, path, 120])
        self.stack.callback(one.kill)
        one.wait_for("begin")
        if after:
            after(path)

    def start(self, argv):
        one = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.stack.callback(one.wait)
        self.stack.callback(one.kill)


@pytest.fixture
def scene(build, tmp_path_factory):
    for folder in (made := tmp_path_factory.mktemp("scene"), *made.parents[:2]):
        folder.chmod(0o711)
    one = Scene(build, made)
    yield one
    one.stack.close()


def assert_whole(run, but=None):
    """All of the scene has its names, but for what is said to lack them."""
    for comm in {"others", "unreadable", "deleted"}:
        share, total, report = profound.share_of(run.of(comm), lambda s: ends_with(s, CHAIN))
        assert total >= 30, report
        assert share <= 0.1 if comm == but else share >= 0.9, (comm, report)
    kernel = collections.Counter()
    for stack, n in run.of("dd").items():
        for name in stack:
            kernel[name] += n if name.endswith("_[k]") else 0
    total, unnamed = sum(kernel.values()), kernel["[kernel]_[k]"]
    assert total >= 20 and (unnamed == total if but == "dd" else unnamed <= 0.05 * total), kernel


def warnings(run):
    """Which capabilities record says are missing."""
    return re.findall("^profound record: (CAP_[A-Z_]+) is missing: .", run.stderr, re.MULTILINE)


def test_record_with_no_more(scene, record):
    """Exactly what is documented: names, stacks and names of the kernel, no warning; only our own cost is not known."""
    run = record("-d", "2", "-F", "999", before=only(documented()))
    assert_whole(run)
    assert run.stats["cost"]["kernel_ns_per_sample"] is None
    assert warnings(run) == [], run.stderr


def test_record_as_nobody(scene, build, tmp_path):
    """The same for who is not root."""
    program = build("chain").parent / "profound-of-somebody"
    shutil.copy(profound.binary(), program)
    program.chmod(0o755)
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o711)
    caps = ",".join("+" + name[4:].lower() for name in documented() if ours() >> NUMBERS[name] & 1)
    before = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={caps}", f"--ambient-caps={caps}"]
    (tmp_path / "out").mkdir()
    os.chown(tmp_path / "out", NOBODY, NOBODY)
    run = profound.Recording(["-d", "2", "-F", "999"], tmp_path / "out", before=before, program=str(program)).finish()
    assert_whole(run)
    assert (tmp_path / "out/out.folded").stat().st_uid == NOBODY


LOSES = {"CAP_SYS_PTRACE": "others", "CAP_DAC_READ_SEARCH": "unreadable", "CAP_SYSLOG": "dd", "CAP_CHECKPOINT_RESTORE": "deleted"}


@pytest.mark.parametrize("name", sorted(LOSES))
def test_record_without(scene, record, name):
    """A warning and its cost; the rest is there."""
    if name == "CAP_SYSLOG" and not symbols_ask():
        pytest.skip("everybody sees the kernel's addresses here, or nobody")
    run = record("-d", "2", "-F", "999", before=only(set(documented()) - {name}))
    assert warnings(run) == [name], run.stderr
    if name != "CAP_SYS_PTRACE":
        assert_whole(run, LOSES[name])
    elif release() >= (6, 15):  # from there on CAP_PERFMON is enough to read maps, but not to follow map_files
        assert_whole(run, "deleted")
    else:
        share, _, report = profound.share_of(run.of("others"), lambda s: ends_with(s, CHAIN))
        assert share <= 0.1, report
    if name == "CAP_SYSLOG":
        assert run.stats["frames"]["unnamed_by_cause"]["kernel_hidden"] >= 30


def test_record_without_sys_resource(record):
    run = record("-d", "0.3", before=only(set(documented()) - {"CAP_SYS_RESOURCE"}), code=None)
    assert run.code == 0 and bool(warnings(run)) <= (release() < (5, 11)), str(run)


@pytest.mark.parametrize("name", sorted(REQUIRED))
@pytest.mark.parametrize("command", ["record", "agent"])
def test_nothing_without(tmp_path, command, name):
    """Exit 1, one line that names it, nothing written."""
    argv = {"record": ["-d", "1"], "agent": ["--store", tmp_path / "store", "--listen", "none"]}[command]
    done = subprocess.run([*only(set(documented()) - {name}), profound.binary(), command, *argv], cwd=tmp_path, env=PLAIN,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and f"missing: {name}:" in done.stderr, done
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(LOSES))
def test_agent_without(scene, agent, tmp_path, name):
    """It goes on, says so once, and what is not known is counted."""
    if name == "CAP_SYSLOG" and not symbols_ask():
        pytest.skip("everybody sees the kernel's addresses here, or nobody")
    one = agent("--interval", "1", "-F", "99", "--store", tmp_path / "store", before=only(set(documented()) - {name}))
    [line] = one.said("a capability is missing")
    assert line["name"] == name and line["costs"]
    one.wait_for_metric('intervals_total{result="written"}', 3)
    values = one.metrics()
    assert values["samples_taken_total"] >= 100 and values["frames_named_total"] >= 100
    assert sum(n for key, n in values.items() if key.startswith("frames_unnamed_total{")) >= 30, values
    one.stop()


def assert_confined(pid, names, bound=True):
    """Of every thread of it: these capabilities, the filter, nothing to inherit. Without CAP_SETPCAP bounds stay (`bound`)."""
    for task in os.listdir(f"/proc/{pid}/task"):
        found = status(pid, task)
        for key in ("CapEff", "CapPrm", "CapBnd")[:3 if bound else 2]:
            assert int(found[key], 16) == mask(names) & ours(), (key, found[key])
        assert int(found["CapInh"], 16) == int(found["CapAmb"], 16) == 0
        assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2"), found


def test_what_an_agent_keeps(scene, agent, tmp_path):
    """Of all that root has; names of the kernel are there all the same, and its own cost too, and so it is an hour later."""
    one = agent("--interval", "1", "-F", "99", "--store", tmp_path / "store")
    assert not one.said("a capability is missing") and not one.said("there is no seccomp filter")
    keeps = set(documented()) - FOR_START
    for _ in range(5):
        assert_confined(one.popen.pid, keeps)
        children = pathlib.Path(f"/proc/{one.popen.pid}/task/{one.popen.pid}/children").read_text().split()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, KeyError):
            for child in children:
                found = status(child)
                assert found["Seccomp"] == "2" and int(found["CapPrm"], 16) & ~mask(keeps) == 0, found
        time.sleep(0.5)
    one.wait_for_metric('intervals_total{result="written"}', 3)
    values = one.metrics()
    assert values["frames_unnamed_total{cause=\"kernel_hidden\"}"] == 0, values
    folded = subprocess.run([profound.binary(), "query", "--store", tmp_path / "store", "--since", "10m", "-q", "-o", "-", "--format",
                             "folded"], capture_output=True, text=True, check=True).stdout
    run = profound.Run([], 0, "", "", profound.parse_folded(folded), None)
    assert_whole(run)
    one.stop()


def test_agent_with_no_more(scene, tmp_path):
    """The unit's set is what it keeps; where it may not write it says so at once."""
    one = Agent(tmp_path / "log", "--interval", "1", "-F", "99", "--store", tmp_path / "store", before=only(documented()))
    one.wait_until_it_samples().wait_for_metric('intervals_total{result="written"}', 2)
    assert_confined(one.popen.pid, set(documented()) - FOR_START, bound=False)
    assert one.metric('frames_unnamed_total{cause="kernel_hidden"}') == 0
    one.stop()


def test_agent_writes_as_it_will(tmp_path):
    """A directory that only root's other capabilities could write to is refused at the start, not in each interval."""
    (tmp_path / "theirs").mkdir(mode=0o755)
    os.chown(tmp_path / "theirs", NOBODY, NOBODY)
    code, _, err = profound.bare("agent", "--listen", "none", "--store", tmp_path / "theirs" / "store", env=PLAIN)
    assert code == 1 and "Permission denied" in err, err


def test_what_record_keeps(start):
    run = start("-d", "3")
    profound.wait_until(lambda: status(run.popen.pid).get("Seccomp") == "2", 10, "the filter")
    assert_confined(run.popen.pid, (set(documented()) - FOR_START) | FOR_FILES)
    stats = run.finish().stats
    assert (stats["cost"]["kernel_ns_per_sample"] is not None) == bool(ours() >> NUMBERS["CAP_SYS_ADMIN"] & 1)


def test_command_has_what_the_user_had(record):
    """Capabilities, bounding set, no_new_privs, seccomp, limits."""
    script = "grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status; ulimit -S -n; ulimit -H -l"
    run = record("--", "sh", "-c", script)
    plain = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert run.stdout.decode() == plain


def test_signal_for_a_command_of_another(start):
    """SIGTERM reaches a command that became somebody else."""
    run = start("--", "setpriv", f"--reuid={NOBODY}", "--clear-groups", "sleep", "60")
    children = pathlib.Path(f"/proc/{run.popen.pid}/task/{run.popen.pid}/children")
    asleep = lambda: any(status(pid)["Name"] == "sleep" for pid in children.read_text().split())
    profound.wait_until(asleep, 20, "the command")
    run.signal(signal.SIGTERM)
    run.finish(code=128 + signal.SIGTERM, timeout=20)


@pytest.mark.parametrize("name", ["out.folded", "new.html"])
def test_file_of_the_user_of_sudo(tmp_path, name):
    """In a directory of theirs, over a file of theirs, theirs."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "out.folded").write_text("old")
    for path in (home, home / "out.folded"):
        os.chown(path, NOBODY, NOBODY)
    code, _, err = profound.bare("record", "-d", "0.3", "-q", "-o", home / name,
                                 env={**PLAIN, "SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY)})
    assert code == 0, err
    found = (home / name).stat()
    assert (found.st_uid, found.st_gid) == (NOBODY, NOBODY) and (home / name).read_text() != "old"


def test_program_that_only_its_owner_may_execute(build, tmp_path):
    """As `umask 077; make; sudo build/profound` makes it: lines, which a child finds, are there."""
    program = tmp_path / "profound"
    shutil.copy(profound.binary(), program)
    program.chmod(0o700)
    os.chown(program, NOBODY, NOBODY)
    run = profound.Recording(["--lines", "-F", "999", "--", str(build("chain")), "0.5"], tmp_path / "run", program=str(program)).finish()
    assert_share(run.of("chain"), lambda stack: any("chain.c:" in frame for frame in stack), 0.9, 100)
