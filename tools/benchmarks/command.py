# SPDX-License-Identifier: GPL-2.0-or-later
"""A profiler that runs, and what it cost: CPU seconds of its whole process tree, post-processing included, plus the run
time of its BPF programs. perf's own work in the interrupt is in no such figure; it is left out, to perf's advantage."""
import os
import signal
import subprocess
import tempfile
import time

from . import ebpf


class Cost:
    """CPU seconds of the process tree (own), and with its BPF programs (cpu); peak RSS in bytes."""

    def __init__(self, own, bpf, rss):
        self.own, self.cpu, self.rss = own, own + bpf, rss


class Command:
    def __init__(self, argv, env=None):
        self.output, self.bpf = tempfile.TemporaryFile(), 0.0
        self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=self.output, start_new_session=True, env=env)
        self.pid, self.started = self.process.pid, time.monotonic()

    def interrupt(self):
        os.kill(self.pid, signal.SIGINT) # Popen's own would reap a process that has ended

    def finish(self, stop_after=None, timeout=90):
        """
        Waits for its end, or sends SIGINT so many seconds after its start: (exit status, output, Cost). The programs'
        run time is looked at all the time: with the last descriptor it is gone.
        """
        done, turn, end = (0, 0, None), 0, time.monotonic() + timeout
        while done[0] == 0 and time.monotonic() < end:
            if turn % 10 == 0:
                self.bpf = max(self.bpf, ebpf.run_seconds(self.pid))
            if stop_after and time.monotonic() - self.started >= stop_after:
                self.interrupt()
                stop_after = None
            time.sleep(0.02)
            turn += 1
            done = os.wait4(self.pid, os.WNOHANG)
        if done[0] == 0:
            os.killpg(self.pid, signal.SIGKILL)
            done = os.wait4(self.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(done[1])
        with self.output:
            self.output.seek(0)
            text = self.output.read().decode(errors="replace")
        return self.process.returncode, text, Cost(done[2].ru_utime + done[2].ru_stime, self.bpf,
                                                   done[2].ru_maxrss * 1024)
