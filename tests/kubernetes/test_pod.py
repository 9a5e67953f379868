# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent in the container that the chart describes: it samples the host with what it is allowed, says who and where it
was, and the next one finds what the last one left."""
import os
import shutil

import pytest

import bundle
import profound
import receivers
from agents import intervals, rows
from test_who import POD, cgroups, inside, new_id, pod_slice

MACHINE = "0123456789abcdef0123456789abcdef"
pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="BPF programs are loaded by root"),
              pytest.mark.skipif(not shutil.which("runc"), reason="no runc here, which makes the container: tools/deps test")]


@pytest.fixture
def start(render, tmp_path):
    """start("otlp.endpoint=...") is a container of the chart with these values; all have one node's disk."""
    (tmp_path / "state").mkdir()
    (tmp_path / "machine-id").write_text(MACHINE + "\n")
    running = []

    def starter(*sets, **options):
        rendered = render(f"port={receivers.free_port()}", "interval=1", "frequency=99", *sets)
        running.append(bundle.Container(rendered, tmp_path / f"pod{len(running)}", tmp_path / "state", tmp_path / "machine-id",
                                        **options))
        return running[-1]

    yield starter
    for one in running:
        one.remove()


@pytest.fixture
def receiver():
    one = receivers.Http()
    yield one
    one.stop()


def resources(requests):
    """[{attribute: value}] of everything that came."""
    return [{one.key: one.value.string_value for one in resource.resource.attributes}
            for request in requests for resource in request.message().resource_profiles]


@pytest.mark.parametrize("seccomp, filters", [("Unconfined", 1), ("Localhost", 2)])  # one is its own
def test_it_samples_the_host(start, receiver, target, seccomp, filters):
    ours = new_id()
    with cgroups("v2", f"{pod_slice(POD)}/cri-containerd-{ours}.scope") as (path,):
        chain = target("chain", 120, before=inside(path))
        chain.wait_for("begin")
        one = start(f"otlp.endpoint=http://127.0.0.1:{receiver.port}", f"seccomp.type={seccomp}").wait_until_ready()
        assert one.get("/healthz") == (200, "ok\n")
        status = one.status()
        spawner = target("spawner", 1000, "/bin/true", before=inside(path))
        profound.wait_until(lambda: one.metric('intervals_total{result="written"}') >= 4, 60, "four intervals")
        taken, complete = one.metric("samples_taken_total"), one.metric("stacks_complete_total")
        named, frames = one.metric("frames_named_total"), one.metric("frames_total")
        spawner.kill()
        chain.kill()
        assert one.kill("TERM") == 0, one.log.read_text()
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    assert int(status.get("Seccomp_filters", filters)) == filters  # Linux 5.12
    allowed = sum(1 << bundle.NUMBERS[name.removeprefix("CAP_")] for name in bundle.to_be_had(bundle.NUMBERS))
    assert int(status["CapBnd"], 16) == allowed
    # What only the start needs has gone.
    assert int(status["CapEff"], 16) == allowed & ~(1 << bundle.NUMBERS["SYSLOG"] | 1 << bundle.NUMBERS["SYS_RESOURCE"])
    assert complete >= 0.9 * taken > 100 and named >= 0.6 * frames, one.log.read_text()
    got = resources(receiver.requests)
    assert {(one["host.name"], one["k8s.node.name"], one["host.id"]) for one in got} == {(bundle.NODE, bundle.NODE, MACHINE)}
    # Processes of a few milliseconds too: by the host's cgroups.
    for program in ("chain", "true"):
        of = [one for one in got if one.get("process.executable.name") == program]
        assert of and {(one.get("container.id"), one.get("k8s.pod.uid")) for one in of} == {(ours, POD)}, of


def test_an_upgrade(start, receiver, tmp_path, target):
    """What a pod that was killed could not send yet is sent by the next one, and the history goes on."""
    target("chain", 120).wait_for("begin")
    first = start(f"otlp.endpoint=http://127.0.0.1:{receivers.free_port()}").wait_until_ready()
    profound.wait_until(lambda: first.metric("spool_files") >= 3, 30, "a spool")
    first.kill()
    before = {start for start, _, _ in rows(tmp_path / "state/store")}
    second = start(f"otlp.endpoint=http://127.0.0.1:{receiver.port}").wait_until_ready()
    profound.wait_until(lambda: second.metric('intervals_total{result="written"}') >= 2, 30, "two intervals")
    assert second.kill("TERM") == 0, second.log.read_text()
    kept = rows(tmp_path / "state/store")
    assert len(before) >= 3 and before < {start for start, _, _ in kept}
    got = {round(start, 3): total for start, _, total in intervals(receiver.requests)}
    assert got == {round(start / 1e9, 3): samples for start, _, samples in kept}


@pytest.mark.parametrize("call, said", [("bpf", "cannot load the BPF programs"), ("perf_event_open", "perf_event_open")])
def test_the_profile_counts(start, call, said):
    """Without the two calls that it is for, the agent says so and ends."""
    def change(config):
        for rule in config["linux"]["seccomp"]["syscalls"]:
            rule["names"] = [name for name in rule["names"] if name != call]

    one = start("seccomp.type=Localhost", change=change)
    assert one.popen.wait(30) == 1 and f"{said}: Function not implemented" in one.log.read_text(), one.log.read_text()
