# SPDX-License-Identifier: GPL-2.0-or-later
"""An agent that runs for long beside processes that come and go: what it needs at the end is what it needed at the beginning.
SOAK_SECONDS is how long, 180 as a rule."""
import os
import signal
import statistics
import time

from agents import assert_no_gap, rows

SECONDS = int(os.environ.get("SOAK_SECONDS") or 180)
GROWTH = 1 << 20


def test_nothing_grows(agent, target, tmp_path):
    store = tmp_path / "store"
    workers = [target("chain", SECONDS + 60), target("spawner", 100000000, "/bin/true"), target("crowd", SECONDS + 60, 100)]
    one = agent("--interval", "5", "-F", "49", "--store", store)
    one.wait_for_metric('intervals_total{result="written"}', 2)
    sizes, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        values = one.metrics()
        sizes.append(values['memory_bytes{kind="heap"}'] + values['memory_bytes{kind="bpf"}'])
        time.sleep(0.5)
    files = len(os.listdir(f"/proc/{one.popen.pid}/fd"))
    one.stop()
    for worker in workers:
        worker.popen.send_signal(signal.SIGKILL)
    third = len(sizes) // 3
    first, last = statistics.median(sizes[:third]), statistics.median(sizes[-third:])
    print(f"memory: {first / 2**20:.2f} MiB in the first third, {last / 2**20:.2f} in the last; {files} files open")
    assert last <= first + GROWTH, (first, last)
    assert files < 500
    assert not one.said("an interval is lost"), one.log()
    assert_no_gap([(row[0] / 1e9, (row[1] - row[0]) / 1e9, row[2]) for row in rows(store)])
