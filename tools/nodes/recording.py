# SPDX-License-Identifier: GPL-2.0-or-later
"""An agent and a receiver that stores what it sends."""
import contextlib
import os
import pathlib
import tempfile
import time

import agents
import receivers

from . import loads, stream


def move(receiver, store):
    """To the disk what came so far."""
    while receiver.requests:
        store.add(receiver.requests.pop(0))


def record(folder, seconds, freq, interval, load=None, only=False, flags=()):
    store, receiver = stream.Store(folder), receivers.Http()
    with contextlib.ExitStack() as stack:
        stack.callback(receiver.stop)
        log = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="profound-fleet-"))) / "agent.log"
        group = stack.enter_context(loads.group())
        if load:
            stack.enter_context(loads.running(load, group))
        argv = ["-F", freq, "--interval", interval, "-o", f"otlp+http://127.0.0.1:{receiver.port}",
                *(["--cgroup", group] if only else []), *flags]
        agent = agents.Agent(log, *argv)
        stack.callback(agent.popen.wait)
        stack.callback(agent.popen.kill)
        loads.move(agent.popen.pid, group)
        agent.wait_until_it_samples()
        end = time.monotonic() + seconds
        while time.monotonic() < end and agent.popen.poll() is None:
            time.sleep(min(0.5, seconds))
            move(receiver, store)
        agent.stop()
        move(receiver, store)
    store.finish(freq=freq, interval=interval, load=load or "what runs here", only=only, flags=list(map(str, flags)),
                 cpus=os.cpu_count(), kernel=os.uname().release, load_average=os.getloadavg()[1])
