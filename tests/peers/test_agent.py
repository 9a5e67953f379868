# SPDX-License-Identifier: GPL-2.0-or-later
"""From an agent into a real Collector, which is stopped, hangs and comes back, while the agent is killed: what its file
exporter wrote is what the agent's own history has, interval by interval."""
import signal
import time

import pytest

import profound
from agents import NO_GAP, assert_no_gap, rows


def intervals_of(requests):
    """{start in ns: samples} of all profiles, which are one or more of an interval. What came twice counts once: a request whose
    answer did not come is sent again, as it was."""
    found, seen = {}, set()
    for data in requests:
        for resource in data.resource_profiles:
            for scope in resource.scope_profiles:
                for one in scope.profiles:
                    if one.profile_id in seen:
                        continue
                    seen.add(one.profile_id)
                    total = sum(sum(sample.values) for sample in one.samples)
                    found[one.time_unix_nano] = found.get(one.time_unix_nano, 0) + total
    return found


# (seconds of an interval, of the Collector's pause, of the second agent): make check-all has the long one.
@pytest.mark.parametrize("scheme, interval, pause, rest", [
    ("http", 2, 8, 6), ("grpc", 2, 8, 6), pytest.param("http", 10, 180, 380, marks=pytest.mark.long)])
def test_nothing_is_lost(agent, start_collector, target, tmp_path, scheme, interval, pause, rest):
    target("chain", pause + rest + 120).wait_for("begin")
    receiver = start_collector()
    flags = ["--interval", interval, "-F", "99", "--spool", tmp_path / "spool", "--store", tmp_path / "store",
             "-o", f"otlp+{scheme}://127.0.0.1:{getattr(receiver, scheme)}"]
    first = agent(*flags)
    first.wait_for_metric('export_requests_total{result="accepted"}', 2)
    receiver.popen.send_signal(signal.SIGSTOP)
    time.sleep(pause)
    first.wait_for_metric("spool_files", 3)
    receiver.popen.send_signal(signal.SIGCONT)
    profound.wait_until(lambda: first.metric("spool_files") <= 1, 60, "a spool that is sent")
    first.send(signal.SIGKILL)
    first.popen.wait()
    time.sleep(1)
    second = agent(*flags)
    time.sleep(rest)
    second.wait_for_metric('export_requests_total{result="accepted"}', 3)
    second.stop()
    kept = rows(tmp_path / "store")
    got = intervals_of(receiver.requests())
    assert got == {start: samples for start, _, samples in kept}
    before = [(start / 1e9, (end - start) / 1e9, n) for start, end, n in kept]
    gaps = [i for i in range(1, len(before)) if before[i][0] - before[i - 1][0] - before[i - 1][1] > NO_GAP]
    assert len(gaps) == 1, before  # where it was killed
    assert_no_gap(before[:gaps[0]])
    assert_no_gap(before[gaps[0]:])
