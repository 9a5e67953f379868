# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent: an interval after the other without a gap, to receivers that are there, away, slow or full, and to a local
history; what it says of itself; what is left when it is killed."""
import contextlib
import datetime
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import prometheus_client.parser
import pytest

import profound
import programs
import receivers
from agents import assert_no_gap, intervals, rows
from receivers import HANG, PLAIN, PROTOBUF, accepted, status

IN_TIME = 8  # seconds: 2, and what a noisy machine adds; far from the 10 that a request may take
OK = (200, PROTOBUF, accepted())
BUSY = (503, {"Content-Type": "application/x-protobuf"}, status("down"))


@pytest.fixture
def http():
    running = []

    def starter(*answers):
        running.append(receivers.Http(*answers))
        return running[-1]

    yield starter
    for one in running:
        one.stop()


def started(one):
    """The wall clock when it began to sample."""
    [line] = one.said("sampling")
    return datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()


def url(receiver):
    return f"otlp+http://127.0.0.1:{receiver.port}"


@pytest.mark.smoke
def test_store_and_query(agent, target, tmp_path):
    """Without any back end: what was sampled is found again, by time, by thread, as table and as files."""
    spinner = target("chain", 60)
    spinner.wait_for("begin")
    one = agent("--interval", "1", "-F", "99", "--store", tmp_path / "store")
    one.wait_for_metric('intervals_total{result="written"}', 2)
    assert one.stop() < IN_TIME
    found = rows(tmp_path / "store")
    assert len(found) >= 3
    query = [profound.binary(), "query", "--store", tmp_path / "store", "--since", "10m"]
    table = subprocess.run([*query, "--comm", "chain"], capture_output=True, text=True, check=True).stdout
    assert "spin" in table and f"total    {sum(row[2] for row in found)} samples" not in table, table
    folded = subprocess.run([*query, "-q", "-o", "-", "--format", "folded"], capture_output=True, text=True, check=True).stdout
    stacks = profound.parse_folded(folded)
    assert sum(stacks.values()) == sum(row[2] for row in found)
    assert sum(n for stack, n in stacks.items() if stack[0] == "chain") >= 100, stacks
    start, end = found[1][0] / 1e9, found[1][1] / 1e9
    stamp = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in (start - 1, end + 1)]
    part = subprocess.run([*query[:-2], "--since", stamp[0], "--until", stamp[1], "-q", "-o", "-", "--format", "folded"],
                          capture_output=True, text=True, check=True).stdout
    assert found[1][2] <= sum(profound.parse_folded(part).values()) <= sum(stacks.values())


def test_sent_without_gap(agent, http, target, tmp_path):
    spinner = target("chain", 60)
    spinner.wait_for("begin")
    receiver = http(OK)
    one = agent("--interval", "1", "-F", "99", "-o", url(receiver), "--spool", tmp_path / "spool")
    one.wait_for_metric('export_requests_total{result="accepted"}', 5)
    one.stop()
    found = intervals(receiver.requests)
    assert len(found) >= 5, found
    assert_no_gap(found)
    for start, length, total in found[:-1]:
        assert total >= 0.8 * 99 * length, (start, length, total)
    assert list((tmp_path / "spool").glob("*.zst")) == []


def test_resources_and_validity(agent, http, target, tmp_path):
    """What is sent is what record sends: valid, and of the service that it is."""
    import otlp_file
    spinner = target("chain", 60, env={**os.environ, "OTEL_SERVICE_NAME": "shop"})
    spinner.wait_for("begin")
    receiver = http(OK)
    one = agent("--interval", "1", "-F", "99", "-o", url(receiver))
    one.wait_for_metric('export_requests_total{result="accepted"}', 2)
    one.stop()
    for i, request in enumerate(receiver.requests[:2]):
        path = tmp_path / f"{i}.otlp"
        path.write_bytes(request.body)
        services = {labels.get("service.name") for labels, _, _ in otlp_file.File(path).profiles()}
        assert "shop" in services, services


def test_receiver_away(agent, http, tmp_path):
    """Kept while it is away, sent in order when it is back."""
    port = receivers.free_port()
    one = agent("--interval", "1", "-o", f"otlp+http://127.0.0.1:{port}", "--spool", tmp_path / "spool")
    one.wait_for_metric("spool_files", 3)
    assert one.said("the receiver does not take profiles now; they are kept and tried again")
    assert one.metric('export_requests_total{result="accepted"}') == 0
    one.stop()
    assert one.said("requests stay in the spool and are sent by the next agent"), one.log()
    kept = len(list((tmp_path / "spool").glob("*.zst")))
    assert kept >= 3
    receiver = http(OK)
    two = agent("--interval", "30", "-o", url(receiver), "--spool", tmp_path / "spool")
    two.wait_for_metric('export_requests_total{result="accepted"}', kept)
    profound.wait_until(lambda: two.metric("spool_files") == 0, 10, "an empty spool")
    starts = [start for start, _, _ in intervals(receiver.requests)]
    assert starts == sorted(starts) and len(starts) == kept, starts
    assert_no_gap(intervals(receiver.requests))


def test_receiver_comes_back(agent, http, tmp_path):
    """503 for a while, then all of it; no interval is sent twice, none is lost."""
    receiver = http(BUSY, BUSY, OK)
    one = agent("--interval", "1", "-o", url(receiver), "--spool", tmp_path / "spool")
    one.wait_for_metric('export_requests_total{result="accepted"}', 3)
    one.stop()
    assert_no_gap(intervals(receiver.requests[2:]))


def test_killed(agent, http, target, tmp_path):
    """kill -9: what was written before is sent by the next one; the open interval alone is lost."""
    target("chain", 60).wait_for("begin") # an interval without a sample has nothing to send
    port = receivers.free_port()
    flags = ["--interval", "1", "--spool", tmp_path / "spool", "--store", tmp_path / "store"]
    one = agent(*flags, "-o", f"otlp+http://127.0.0.1:{port}")
    one.wait_for_metric('intervals_total{result="written"}', 3)
    one.send(signal.SIGKILL)
    one.popen.wait()
    receiver = http(OK)
    two = agent(*flags, "-o", url(receiver))
    kept = [row for row in rows(tmp_path / "store") if row[0] / 1e9 < started(two)]
    assert len(kept) >= 3
    two.wait_for_metric('export_requests_total{result="accepted"}', len(kept))
    two.stop()
    sent = [start for start, _, _ in intervals(receiver.requests)]
    missing = [row for row in kept if not any(abs(row[0] / 1e9 - start) < 1e-4 for start in sent)]
    assert not missing, (missing, sent)


def test_stopped_while_receiver_hangs(agent, http, tmp_path):
    """Two seconds, whatever the receiver does; what was not sent stays."""
    receiver = http(HANG)
    one = agent("--interval", "1", "-o", url(receiver), "--spool", tmp_path / "spool")
    one.wait_for_metric("spool_files", 2)
    assert one.stop() < IN_TIME
    assert len(list((tmp_path / "spool").glob("*.zst"))) >= 3


def test_refused_for_good(agent, http, tmp_path):
    """400: told, counted, not tried again, and in the history all the same."""
    receiver = http((400, PROTOBUF, status("too old")), OK)
    one = agent("--interval", "1", "-o", url(receiver), "--spool", tmp_path / "spool", "--store", tmp_path / "store")
    one.wait_for_metric('export_requests_total{result="accepted"}', 2)
    assert one.metric('export_requests_total{result="refused"}') == 1
    [said] = one.said("a request was refused for good and is not sent again")
    assert "too old" in said["reason"], said
    assert len(rows(tmp_path / "store")) >= 3
    one.stop()
    assert len({request.raw for request in receiver.requests}) == len(receiver.requests)


def test_partial_success(agent, http):
    receiver = http((200, PROTOBUF, accepted(2, "two were bad")), OK)
    one = agent("--interval", "1", "-o", url(receiver))
    one.wait_for_metric('export_requests_total{result="accepted"}', 2)
    assert one.metric("export_rejected_profiles_total") == 2
    assert one.said("profiles were rejected")[0]["reason"] == "two were bad"
    one.stop()


def test_spool_limit(agent, tmp_path):
    """Full: the oldest goes, and is counted."""
    one = agent("--interval", "1", "-F", "999", "-o", f"otlp+http://127.0.0.1:{receivers.free_port()}", "--spool",
                tmp_path / "spool", "--spool-size", "1M")
    filler = tmp_path / "spool" / f"{1:016x}-0000.otlp.zst"
    filler.write_bytes(b"x" * (1 << 20))
    one.wait_for_metric("spool_dropped_total", 1)
    assert not filler.exists()
    assert one.metric("spool_files") >= 1
    assert one.said("the spool is full: the oldest requests are dropped")


def test_disk_full(agent, tmp_path):
    """A small tmpfs that somebody fills: sampling goes on, it is told, and it recovers."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", place], check=True)
    try:
        one = agent("--interval", "1", "-o", f"otlp+http://127.0.0.1:{receivers.free_port()}", "--spool", place / "spool")
        one.wait_for_metric("spool_files", 2)
        subprocess.run(["dd", "if=/dev/zero", f"of={place / 'fill'}", "bs=4k"], stderr=subprocess.DEVNULL, check=False)
        profound.wait_until(lambda: one.metric("spool_dropped_total") + one.metric('intervals_total{result="lost"}') >= 2, 30,
                            "an agent that notices")
        written = one.metric('intervals_total{result="written"}')
        (place / "fill").unlink()
        one.wait_for_metric('intervals_total{result="written"}', written + 2)
        one.stop()
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_spool_in_memory(agent, http, tmp_path):
    """Without --spool: below /run, and gone with the agent, or with the next one if it was killed."""
    def folders():
        return {path for place in ("/run", "/tmp") for path in pathlib.Path(place).glob("profound-??????")}

    before = folders()
    one = agent("--interval", "1", "-o", f"otlp+http://127.0.0.1:{receivers.free_port()}")
    one.wait_for_metric("spool_files", 2)
    [folder] = folders() - before
    one.send(signal.SIGKILL)
    one.popen.wait()
    receiver = http(OK)
    two = agent("--interval", "1", "-o", url(receiver))
    assert folder not in folders()
    two.wait_for_metric('export_requests_total{result="accepted"}', 1)
    two.stop()
    assert folders() - before == set()


def test_full_disk_and_a_history(agent, tmp_path):
    """The spool's disk is full for good: each interval is in the history, and once."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=True)
    try:
        one = agent("--interval", "1", "-o", f"otlp+http://127.0.0.1:{receivers.free_port()}", "--spool", place / "spool",
                    "--store", tmp_path / "store")
        subprocess.run(["dd", "if=/dev/zero", f"of={place / 'fill'}", "bs=4k"], stderr=subprocess.DEVNULL, check=False)
        one.wait_for_metric("spool_errors_total", 2)
        assert one.said("an interval is in the store, and is not sent")
        assert not one.said("an interval is lost")
        one.stop()
        starts = [row[0] for row in rows(tmp_path / "store")]
        assert len(starts) == len(set(starts)) >= 3, starts
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_two_agents(agent, tmp_path):
    """A spool belongs to one."""
    agent("-o", "otlp+http://127.0.0.1:1", "--spool", tmp_path / "spool")
    code, _, err = profound.bare("agent", "--listen", "none", "-o", "otlp+http://127.0.0.1:1", "--spool", tmp_path / "spool")
    assert code == 1 and "in use by another profound agent" in err, err


def test_seen_from_outside(agent, tmp_path):
    one = agent("--interval", "1", "--store", tmp_path / "store")
    assert one.get("/healthz") == "ok\n" and one.get("/readyz") == "ok\n"
    one.wait_for_metric('intervals_total{result="written"}', 2)
    values = one.metrics()
    assert values["samples_expected_total"] == values["samples_taken_total"] + values["samples_idle_total"] + \
        sum(value for name, value in values.items() if name.startswith("samples_lost_total"))
    assert values["samples_taken_total"] == values["stacks_complete_total"] + values["stacks_unverified_total"] + \
        sum(value for name, value in values.items() if name.startswith("stacks_cut_total"))
    assert 0 < values['memory_bytes{kind="heap"}'] + values['memory_bytes{kind="bpf"}'] < values["memory_limit_bytes"]
    assert values["cpu_seconds_total"] > 0
    text = one.get("/metrics")
    names = re.findall(r"^# TYPE (\S+) (counter|gauge)$", text, re.MULTILINE)
    assert len({name for name, _ in names}) == len(names) >= 20
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in names), names
    for path, code in (("/", 404), ("/etc/passwd", 404)):
        with pytest.raises(urllib.error.HTTPError) as error:
            one.get(path)
        assert error.value.code == code
    one.stop()


def test_metrics_are_prometheus_text(agent, tmp_path):
    """As its own parser reads them."""
    one = agent("--interval", "1", "--store", tmp_path / "store", "-o", "otlp+http://127.0.0.1:1")
    families = {family.name: family for family in prometheus_client.parser.text_string_to_metric_families(one.get("/metrics"))}
    assert {"profound_samples_taken", "profound_samples_lost", "profound_memory_bytes", "profound_spool_files"} <= set(families)
    assert all(family.documentation for family in families.values())


def test_told_to_systemd(agent, tmp_path):
    import socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        one = agent("--store", tmp_path / "store", env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"})
        assert listener.recv(100) == b"READY=1"
        assert listener.recv(100) == b"WATCHDOG=1"
        one.stop()
        told = b""
        while told != b"STOPPING=1":
            told = listener.recv(100)
            assert told in (b"WATCHDOG=1", b"STOPPING=1")


def test_clock_is_set(agent, http, tmp_path):
    """A year ahead, then back before the start: no interval is lost, the history keeps its oldest, requests go out in the
    order in which they were sampled."""
    clock, library = tmp_path / "clock", tmp_path / "setclock.so"
    programs.compile_to(library.name, library)
    clock.write_text("0")
    env = {"LD_PRELOAD": str(library), "SET_CLOCK": str(clock)}
    folders = ["--spool", tmp_path / "spool", "--store", tmp_path / "store"]
    one = agent("--interval", "1", "-o", f"otlp+http://127.0.0.1:{receivers.free_port()}", *folders, env=env)
    one.wait_for_metric('intervals_total{result="written"}', 2)
    for i, seconds in enumerate((366 * 86400, -10800)):
        tmp = tmp_path / "next"
        tmp.write_text(str(seconds))
        tmp.rename(clock)
        one.wait_for_metric("clock_steps_total", i + 1)
        one.wait_for_metric('intervals_total{result="written"}', one.metric('intervals_total{result="written"}') + 3)
    values = one.metrics()
    assert values["store_deleted_total"] == values["spool_dropped_total"] == values['intervals_total{result="lost"}'] == 0
    one.stop()
    receiver = http(OK)
    two = agent("--interval", "60", "-o", url(receiver), *folders, env=env)
    profound.wait_until(lambda: two.metric("spool_files") == 0, 20, "an empty spool")
    with sqlite3.connect(f"file:{tmp_path}/store/profiles.sqlite?mode=ro", uri=True) as db:
        stored = db.execute("SELECT start_ns, samples FROM profile ORDER BY id").fetchall()
    found = intervals(receiver.requests)
    assert [total for _, _, total in found] == [samples for _, samples in stored], (found, stored)
    assert [start for start, _, _ in found] == [start / 1e9 for start, _ in stored]
    assert max(start for start, _ in stored) - min(start for start, _ in stored) > 366 * 86400 * 10**9


def test_suspended(agent, tmp_path):
    """When CLOCK_BOOTTIME has run on by itself, what was learned of clocks is learned anew."""
    clock, library = tmp_path / "clock", tmp_path / "setclock.so"
    programs.compile_to(library.name, library)
    clock.write_text("0 0")
    one = agent("--interval", "30", "--store", tmp_path / "store", env={"LD_PRELOAD": str(library), "SET_CLOCK": str(clock)})
    (tmp_path / "next").write_text("600 600")
    (tmp_path / "next").rename(clock)
    one.wait_for_metric('intervals_total{result="written"}', 1, 15)
    assert one.said("the machine was suspended: this interval ends")
    assert one.metric("clock_steps_total") == 0
    one.stop()
    assert len(rows(tmp_path / "store")) == 2


def test_ends_without_a_storm_of_requests(agent, http, tmp_path):
    """A receiver that is overloaded is not asked over and over by an agent that ends."""
    receiver = http(BUSY)
    one = agent("--interval", "1", "-o", url(receiver), "--spool", tmp_path / "spool")
    one.wait_for_metric("spool_files", 3)
    before = len(receiver.requests)
    assert one.stop() < IN_TIME
    assert len(receiver.requests) - before <= 8


def test_nothing_can_be_written_but_what_systemd_gives(agent, http, tmp_path):
    """As with ProtectSystem=strict: /run and /tmp are read-only."""
    folder, run = tmp_path / "runtime", http(OK)
    folder.mkdir()
    script = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1" 2>/dev/null; mount -t tmpfs -o ro none /run; shift; exec "$@"'
    one = agent("--interval", "1", "-o", url(run), env={"RUNTIME_DIRECTORY": str(folder)},
                before=["unshare", "-m", "sh", "-c", script, "sh", "/var/tmp"])
    assert [path.name.startswith("profound-") for path in folder.iterdir()] == [True]
    one.wait_for_metric('export_requests_total{result="accepted"}', 1)
    one.stop()
    assert list(folder.iterdir()) == []


def test_max_cpu(agent, target, tmp_path):
    """Above its share the rate is lowered, and each profile has its own."""
    target("chain", 60).wait_for("begin")
    one = agent("--interval", "1", "-F", "4999", "--max-cpu", "0.5", "--store", tmp_path / "store")
    profound.wait_until(lambda: one.metric("frequency_hertz") < 4999, 30, "a lower rate")
    assert one.metric("frequency_asked_hertz") == 4999
    assert one.said("the rate is adapted to --max-cpu")
    one.wait_for_metric('notes_total{kind="rate_lowered"}', 1)
    one.stop()


def test_memory_limit(agent, target, tmp_path):
    """At the limit an interval ends early and is counted, sampling goes on, nothing is lost by us, and memory stays."""
    for _ in range(2):
        target("paths", 60).wait_for("begin")
    one = agent("--interval", "600", "--memory", "32M", "-F", "1999", "--store", tmp_path / "store",
                before=["sh", "-c", 'ulimit -n 4096; exec "$@"', "sh"])
    most = 0
    end = time.monotonic() + 120
    while (values := one.metrics())["intervals_cut_short_total"] < 2 and time.monotonic() < end:
        most = max(most, values['memory_bytes{kind="heap"}'] + values['memory_bytes{kind="bpf"}'])
        time.sleep(0.1)
    assert values["memory_limit_bytes"] == 32 << 20
    assert values["intervals_cut_short_total"] >= 2
    assert most < 1.5 * (32 << 20), most # one is written while the next one samples
    assert one.said("memory is short: this interval ends early")
    one.wait_for_metric('intervals_total{result="written"}', 2)
    one.stop()
    found = rows(tmp_path / "store")
    assert len(found) >= 2
    assert_no_gap([(row[0] / 1e9, (row[1] - row[0]) / 1e9, row[2]) for row in found])


def test_interpreters_are_known_from_then_on(agent, target, tmp_path):
    """What one interval has learned of an interpreter the next ones know: stacks are cut before that once, and not each time."""
    script = tmp_path / "busy.py"
    script.write_text("import time\nend = time.time() + 60\nwhile time.time() < end:\n    sum(range(1000))\n")
    one = agent("--interval", "1", "-F", "99", "--store", tmp_path / "store")
    busy = subprocess.Popen(["/usr/bin/python3", script])
    one.wait_for_metric('intervals_total{result="written"}', 3)
    before = one.metric('stacks_cut_total{cause="runtime_not_ready"}')
    busy.kill()
    busy.wait()
    busy = subprocess.Popen(["/usr/bin/python3", script])
    one.wait_for_metric('intervals_total{result="written"}', 7)
    after = one.metric('stacks_cut_total{cause="runtime_not_ready"}')
    one.stop()
    busy.kill()
    busy.wait()
    assert before <= 0.2 * 99 + 5 and after - before <= 5, (before, after)


UNIT = profound.ROOT / "deploy/systemd/profound.service"


def test_least_privilege(agent, target, tmp_path):
    """With the capabilities of the systemd unit and no other: names, stacks and the history are there."""
    [line] = re.findall("^CapabilityBoundingSet=(.*)$", UNIT.read_text(), re.MULTILINE)
    names = ",".join("+" + name.removeprefix("CAP_").lower() for name in line.split())
    target("chain", 60).wait_for("begin")
    one = agent("--interval", "1", "-F", "99", "--store", tmp_path / "store", before=["setpriv", f"--bounding-set=-all,{names}"])
    one.wait_for_metric('intervals_total{result="written"}', 2)
    values = one.metrics()
    assert values["stacks_complete_total"] >= 0.97 * values["samples_taken_total"] > 100, values
    one.stop()
    folded = subprocess.run([profound.binary(), "query", "--store", tmp_path / "store", "--since", "10m", "--comm", "chain", "-q",
                             "-o", "-", "--format", "folded"], capture_output=True, text=True, check=True).stdout
    stacks = profound.parse_folded(folded)
    assert sum(n for stack, n in stacks.items() if "main" in stack and "spin" in stack) >= 0.97 * sum(stacks.values()) > 50, stacks


def test_install(tmp_path):
    """The program, and a unit that systemd understands and that runs it."""
    prefix = tmp_path / "opt"
    subprocess.run(["make", "-s", "install", f"PREFIX={prefix}"], cwd=profound.ROOT, check=True, stdout=subprocess.DEVNULL)
    unit = prefix / "lib/systemd/system" / UNIT.name
    assert f"ExecStart={prefix}/bin/profound agent " in unit.read_text()
    assert subprocess.run([prefix / "bin/profound", "--version"], capture_output=True, check=True).stdout.startswith(b"profound ")
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_wrong_usage(tmp_path):
    for flags, why in ((["--interval", "0"], "'0' is no interval"), (["--listen", "here"], "'here' is no address"),
                       (["--max-cpu", "x"], "'x' is no share"), (["-o", "a.html"], "nothing that the agent sends to"),
                       (["--store", tmp_path, "--spool", tmp_path], "--spool keeps what is to be sent"),
                       (["--store-age", "1y"], "'1y' is no age"), (["--log-format", "xml"], "unknown log format 'xml'")):
        code, out, err = profound.bare("agent", *flags, env=PLAIN)
        assert code == 2 and why in err and len(err.splitlines()) == 1 and not out, (flags, code, err)
    for flags, why in ((["--since", "10m"], "--store DIR"), (["--store", tmp_path], "since when?"),
                       (["--store", tmp_path, "--since", "yesterday"], "'yesterday' is no time")):
        code, out, err = profound.bare("query", *flags)
        assert code == 2 and why in err and not out, (flags, code, err)
    code, _, err = profound.bare("query", "--store", tmp_path / "nothing", "--since", "10m")
    assert code == 1 and "no history in" in err, err


def test_address_in_use(tmp_path):
    with receivers.socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        code, _, err = profound.bare("agent", "--store", tmp_path / "store", "--listen", address, env=PLAIN)
    assert code == 1 and f"cannot listen on {address}" in err, err


def scribe_of(pid):
    """Its child that writes: not one that parses, nor one that is about to (posix_spawn(3): what it runs comes a moment later)."""
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            time.sleep(0.01)
            if b"parser-child" not in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    return None


def test_ends_before_its_child(agent, target, tmp_path):
    """A child that is not done when the agent has to end writes its interval all the same."""
    target("chain", 60).wait_for("begin")
    one = agent("--interval", "2", "-F", "99", "--store", tmp_path / "store")
    while not (child := scribe_of(one.popen.pid)):
        assert one.popen.poll() is None
    os.kill(child, signal.SIGSTOP)
    assert one.stop() < IN_TIME
    assert one.said("a child goes on writing an interval when the agent has ended")
    before = len(rows(tmp_path / "store"))
    os.kill(child, signal.SIGCONT)
    profound.wait_until(lambda: len(rows(tmp_path / "store")) > before, 20, "an interval more")
    assert_no_gap([(row[0] / 1e9, (row[1] - row[0]) / 1e9, row[2]) for row in rows(tmp_path / "store")])


def test_names_survive_a_dead_child(agent, target, tmp_path):
    """The child that names is killed: the interval is written again, without names from files; sampling goes on."""
    target("chain", 60).wait_for("begin")
    one = agent("--interval", "1", "-F", "99", "--store", tmp_path / "store")
    while not (child := scribe_of(one.popen.pid)):
        assert one.popen.poll() is None
    os.kill(child, signal.SIGKILL)
    one.wait_for_metric('intervals_total{result="unnamed"}', 1)
    assert one.said("an interval is written again, without names from files")
    assert one.metric('frames_unnamed_total{cause="no_time"}') >= 10
    one.wait_for_metric('intervals_total{result="written"}', 2)
    one.stop()
    assert not one.said("an interval is lost"), one.log()
    assert_no_gap([(row[0] / 1e9, (row[1] - row[0]) / 1e9, row[2]) for row in rows(tmp_path / "store")])
