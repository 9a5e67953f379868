# SPDX-License-Identifier: GPL-2.0-or-later
"""What an .otlp file says of where samples come from: resources of services, mappings of files, types of frames."""
import collections
import hashlib
import os
import pathlib
import platform
import re
import shutil
import struct
import subprocess
import time

import pytest

import otlp_file
from opentelemetry.proto.resource.v1 import resource_pb2
from test_who import cgroups, inside, new_id, pod_slice, POD

SOURCES = pathlib.Path(__file__).parent / "targets"
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}
OURS = ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES")


def environment(**more):
    """That of the tests, but for what would name a service."""
    return {**{key: value for key, value in os.environ.items() if key not in OURS}, **more}


@pytest.fixture
def otlp(record, tmp_path):
    """otlp("-p", 1) records into a file and hands it back, decoded, as its folded lines say it too."""
    def runner(*argv, env=None, **options):
        path = tmp_path / "out.otlp"
        run = record("-o", path, "-F", "999", *argv, env=environment(**(env or {})), **options)
        file = otlp_file.File(path)
        file.run = run
        assert file.folded() == run.folded
        return file

    return runner


def machine():
    facts = {"host.name": platform.node(), "host.arch": ARCH[platform.machine()], "os.type": "linux",
             "os.version": platform.release()}
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        text = pathlib.Path(path).read_text().strip() if pathlib.Path(path).is_file() else ""
        if re.fullmatch("[0-9a-f]{32}", text):
            return {**facts, "host.id": text}
    return facts


def resources(file):
    """{attributes: samples}, attributes as sorted pairs."""
    found = {}
    for labels, _, profile in file.profiles():
        key = tuple(sorted(labels.items()))
        assert key not in found, "one resource twice"
        found[key] = sum(sum(sample.values) for sample in profile.samples)
    return found


def labels_of(file, program):
    """The resources of a program, each as a dict."""
    return [dict(key) for key in resources(file) if dict(key).get("process.executable.name") == program]


def expected(path, **service):
    named = {key.replace("_", "."): value for key, value in service.items()}
    return {**machine(), "process.executable.name": path.name, "process.executable.path": str(path),
            "service.name": path.name, **named}


# Resources


def test_executable(target, otlp, build):
    chain = target("chain", 60, env=environment())
    assert labels_of(otlp("-p", chain.pid, "-d", "1"), "chain") == [expected(build("chain"))]


def test_environment(target, otlp, build):
    said = "service.version=1%2C2,service.namespace=eu,deployment.environment=test,team=x,process.pid=1"
    chain = target("chain", 60, env=environment(OTEL_SERVICE_NAME="shop é", OTEL_RESOURCE_ATTRIBUTES=said,
                                                SECRET_TOKEN="hunter2hunter2"))
    file = otlp("-p", chain.pid, "-d", "1")
    want = expected(build("chain"), service_name="shop é", service_version="1,2", service_namespace="eu")
    assert labels_of(file, "chain") == [{**want, "deployment.environment.name": "test"}]
    assert b"hunter2" not in file.data.SerializeToString()


def test_invalid_environment(target, otlp, build):
    chain = target("chain", 60, env=environment(OTEL_SERVICE_NAME="shop", OTEL_RESOURCE_ATTRIBUTES="service.version=1,x"))
    assert labels_of(otlp("-p", chain.pid, "-d", "1"), "chain") == [expected(build("chain"), service_name="shop")]


def payload(**service):
    """A ProcessContext as hex digits: its resource is OpenTelemetry's own class."""
    resource = resource_pb2.Resource()
    resource.attributes.add(key="process.command_line").value.string_value = "shop --password=hunter2"
    for key, value in service.items():
        attribute = resource.attributes.add(key=key.replace("_", "."))
        if isinstance(value, int):
            attribute.value.int_value = value
        else:
            attribute.value.string_value = value
    content = resource.SerializeToString()
    assert len(content) < 16384
    return (bytes([0x0a, len(content) & 0x7f | 0x80, len(content) >> 7]) + content).hex()


@pytest.mark.parametrize("how", ["private", "shared", "anon"])
def test_process_context(target, otlp, build, how):
    """It goes before the environment, which still tells what it does not."""
    publisher = target("publisher", how, 60, payload(service_name="cart", service_instance_id=7),
                       env=environment(OTEL_SERVICE_NAME="shop", OTEL_RESOURCE_ATTRIBUTES="service.version=2"))
    said, _ = publisher.popen.stdout.readline().split()
    if said == "unnamed":
        pytest.skip("this kernel names no anonymous memory (CONFIG_ANON_VMA_NAME): there is nothing to find it by")
    file = otlp("-p", publisher.pid, "-d", "1")
    want = expected(build("publisher"), service_name="cart", service_instance_id="7", service_version="2")
    assert labels_of(file, "publisher") == [want]
    assert b"hunter2" not in file.data.SerializeToString()


def test_process_context_that_comes_late(target, start, build, tmp_path):
    """It is published when the program has begun, by a program that maps no more code: all its samples are the service's."""
    path = tmp_path / "late.otlp"
    publisher = target("publisher", "late", 2.5, payload(service_name="cart"), env=environment())
    recording = start("-o", path, "-F", "999", "-p", publisher.pid, env=environment())
    publisher.finish()
    recording.signal(2)
    recording.finish()
    assert labels_of(otlp_file.File(path), "publisher") == [expected(build("publisher"), service_name="cart")]


@pytest.mark.parametrize("before", ["", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done;"], ids=["forked", "exec'ed"])
def test_short_lived(record, build, tmp_path, before):
    """Services of a tenth of a second, each another process, or what another program's process execs."""
    path = tmp_path / "brief.otlp"
    one = f'({before} OTEL_SERVICE_NAME=brief exec {build("chain")} 0.1)'
    script = f"for n in 1 2 3 4 5 6 7 8; do {one} >/dev/null; done"
    record("-o", path, "-F", "999", "--", "sh", "-c", script, env=environment())
    found = {dict(key)["service.name"]: samples for key, samples in resources(otlp_file.File(path)).items()
             if dict(key).get("process.executable.name") == "chain"}
    assert found["brief"] >= 0.95 * sum(found.values()) >= 500, found


def test_process_context_that_changes(target, otlp, build):
    """Never half of one and half of another, nor what is there while it changes."""
    sides = [payload(service_name=name * 500, service_version=name) for name in ("a", "b")]
    publisher = target("publisher", "changing", 60, *sides, env=environment())
    publisher.wait_for("begin")
    seen = []
    for _ in range(6):
        (labels,) = labels_of(otlp("-p", publisher.pid, "-d", "0.3"), "publisher")
        seen.append((labels["service.name"], labels.get("service.version")))
    assert set(seen) <= {("a" * 256, "a"), ("b" * 256, "b"), ("publisher", None)}, seen
    assert set(seen) - {("publisher", None)}, "nothing was ever read"


def test_exec(start, target, build, tmp_path):
    """Each program of a process has its own: the shell's samples are not those of what it execs."""
    path = tmp_path / "exec.otlp"
    script = (f'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; '
              f'OTEL_SERVICE_NAME=second exec {build("chain")} 1')
    one = target(pathlib.Path("/bin/sh"), "-c", script, env=environment(OTEL_SERVICE_NAME="first"))
    recording = start("-o", path, "-F", "999", "-p", one.pid, env=environment())
    one.finish()
    recording.signal(2)
    recording.finish()
    found = {(dict(key).get("process.executable.name"), dict(key)["service.name"]): samples
             for key, samples in resources(otlp_file.File(path)).items()}
    shell = pathlib.Path("/bin/sh").resolve().name
    assert set(found) == {(shell, "first"), ("chain", "second")}, found
    assert min(found.values()) >= 100, found


def test_container(target, start, tmp_path):
    ours, path = new_id(), tmp_path / "pod.otlp"
    with cgroups("v2", f"{pod_slice(POD)}/cri-containerd-{ours}.scope") as (folder,):
        chain = target("chain", 1, before=inside(folder), env=environment())
        recording = start("-o", path, "-F", "999", "-G", folder, env=environment())
        chain.finish()
        recording.signal(2)
        recording.finish()
    labels = labels_of(otlp_file.File(path), "chain")
    assert [(one["container.id"], one["k8s.pod.uid"]) for one in labels] == [(ours, POD)]


def test_kernel_threads(otlp):
    """The idle threads are the kernel's."""
    file = otlp("--idle", "-d", "1")
    kernel = [dict(key) for key in resources(file) if dict(key)["service.name"] == "kernel"]
    assert kernel == [{**machine(), "service.name": "kernel"}], resources(file)


def test_pids(target, otlp, build):
    chains = [target("chain", 60, env=environment()) for _ in range(2)]
    pids = ",".join(str(one.pid) for one in chains)
    assert labels_of(otlp("-p", pids, "-d", "1"), "chain") == [expected(build("chain"))]
    apart = labels_of(otlp("-p", pids, "-d", "1", "--pids"), "chain")
    assert {int(labels.pop("process.pid")) for labels in apart} == {one.pid for one in chains}
    assert apart == [expected(build("chain"))] * 2


def test_tids(target, start, tmp_path):
    """Each sample of a program with threads has its thread's id when that is asked for, and only then."""
    def recorded(*flags):
        threads = target("threads", 2)
        time.sleep(0.5)
        tids = {int(task.name) for task in pathlib.Path(f"/proc/{threads.pid}/task").iterdir()}
        recording = start("-p", threads.pid, "-d", "1", "-F", "199", "-o", tmp_path / "out.otlp", *flags)
        recording.finish()
        samples = collections.Counter()
        file = otlp_file.File(tmp_path / "out.otlp")
        for _, _, profile in file.profiles():
            for sample in profile.samples:
                samples[file.attributes(sample.attribute_indices).get("thread.id")] += sum(sample.values)
        return tids, samples

    tids, samples = recorded("--tids")
    assert set(samples) <= tids and len(samples) >= 2, (samples, tids)
    _, samples = recorded()
    assert set(samples) == {None}, samples


def test_same_in_two_recordings(target, otlp):
    """Back ends make a series of each set of labels: it must stay the same, from restart to restart."""
    env = environment(OTEL_SERVICE_NAME="shop", OTEL_RESOURCE_ATTRIBUTES="service.version=2")
    found = []
    for _ in range(2):
        chain, deep = target("chain", 60, env=env), target("deep", 60, 5, env=environment())
        found.append(set(resources(otlp("-p", f"{chain.pid},{deep.pid}", "-d", "1", env={
            "OTEL_RESOURCE_ATTRIBUTES": "zone=3,service.namespace=eu"}))))
        chain.kill(), deep.kill()
    assert found[0] == found[1] and len(found[0]) == 2, found


def test_operator(target, otlp, build):
    """What profound's own environment says is for all, and less than what a process says of itself."""
    mute, talks = target("chain", 60, env=environment()), target("deep", 60, 5, env=environment(OTEL_SERVICE_NAME="deep one"))
    said = "service.namespace=eu,zone=a%2Fb,host.name=node7,k8s.pod.uid=profounds-own,process.pid=7"
    file = otlp("-p", f"{mute.pid},{talks.pid}", "-d", "1",
                env={"OTEL_SERVICE_NAME": "default", "OTEL_RESOURCE_ATTRIBUTES": said})
    for program, name in (("chain", "default"), ("deep", "deep one")):
        want = {**expected(build(program), service_name=name, service_namespace="eu"), "zone": "a/b", "host.name": "node7"}
        assert labels_of(file, program) == [want]
    assert "OTEL_RESOURCE_ATTRIBUTES" not in file.run.stderr


def test_operators_mistakes(target, otlp, build):
    chain = target("chain", 60, env=environment())
    file = otlp("-p", chain.pid, "-d", "1", env={"OTEL_RESOURCE_ATTRIBUTES": "zone=3,nonsense"})
    assert "OTEL_RESOURCE_ATTRIBUTES is ignored" in file.run.stderr
    assert labels_of(file, "chain") == [expected(build("chain"))]
    many = ",".join(f"extra.{i}=1" for i in range(10))
    file = otlp("-p", chain.pid, "-d", "1", env={"OTEL_RESOURCE_ATTRIBUTES": many})
    (labels,) = labels_of(file, "chain")
    assert len(labels) == 15 and f"{10 - 15 + len(expected(build('chain')))} of OTEL_RESOURCE_ATTRIBUTES" in file.run.stderr


# Mappings and frames


def mappings(file):
    """{name: (mapping, attributes)} of files that were read."""
    table = file.dictionary.mapping_table
    named = [(file.strings[one.filename_strindex], one, file.attributes(one.attribute_indices)) for one in table[1:]]
    assert len({name for name, *_ in named}) == len(named), "one mapping a file here"
    return {name: (one, attributes) for name, one, attributes in named}


def executable_segment(path):
    """(virtual address, its end, file offset) as readelf tells."""
    text = subprocess.run(["readelf", "-lW", path], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        match = re.match(r"\s+LOAD\s+(0x\w+) (0x\w+) 0x\w+ 0x\w+ (0x\w+) (.{3}) ", line)
        if match and "E" in match[4]:
            offset, start, size = (int(match[i], 16) for i in (1, 2, 3))
            return start, start + size, offset
    raise AssertionError(text)


def check_mapping(file, path):
    mapping, attributes = mappings(file)[str(path)]
    content = pathlib.Path(path).read_bytes()
    notes = subprocess.run(["readelf", "-nW", path], check=True, capture_output=True, text=True).stdout
    build_id = re.search(r"Build ID: (\w+)", notes)
    assert (mapping.memory_start, mapping.memory_limit, mapping.file_offset) == executable_segment(path)
    assert attributes.get("process.executable.build_id.gnu") == (build_id and build_id[1])
    ends = content[:4096] + content[-4096:] + struct.pack(">Q", len(content))
    assert attributes["process.executable.build_id.htlhash"] == hashlib.sha256(ends).hexdigest()[:32]
    return attributes


def frame_types(file):
    """[(type or None, mapping's file, address, names)]; every address is inside of its mapping."""
    table, found = file.dictionary.mapping_table, []
    for index, location in enumerate(file.dictionary.location_table[1:], 1):
        mapping = table[location.mapping_index]
        if mapping.memory_limit:
            assert mapping.memory_start <= location.address < mapping.memory_limit
        else:
            assert location.address == 0
        found.append((file.attributes(location.attribute_indices).get("profile.frame.type"),
                      file.strings[mapping.filename_strindex], location.address, list(file.names(index))))
    return found


def test_mappings(target, otlp, build):
    kernel = target("kernel", 60, env=environment())
    file = otlp("-p", kernel.pid, "-d", "1")
    check_mapping(file, build("kernel"))
    for name in mappings(file):
        if name.startswith("/") and os.path.exists(name):
            check_mapping(file, name)
    mapping, attributes = mappings(file)["[kernel.kallsyms]"]
    assert not mapping.memory_limit and not attributes
    for kind, of, _, names in frame_types(file):
        assert kind == ("kernel" if of == "[kernel.kallsyms]" else "native"), (kind, of, names)


def test_addresses(target, otlp, build):
    """Those of functions, as the symbol table has them."""
    chain = target("chain", 60, env=environment())
    text = subprocess.run(["nm", "-S", build("chain")], check=True, capture_output=True, text=True).stdout
    functions = {match[3]: (int(match[1], 16), int(match[2], 16))
                 for match in re.finditer(r"^(\w+) (\w+) [tT] (\w+)$", text, re.M)}
    checked = set()
    for _, of, address, names in frame_types(otlp("-p", chain.pid, "-d", "1")):
        if of == str(build("chain")) and names[0] in functions:
            start, size = functions[names[0]]
            assert start <= address < start + size
            checked.add(names[0])
    assert {"main", "alpha", "delta", "spin"} <= checked, checked


def test_run_time_code(target, otlp):
    jit = target("jit", 60, env=environment())
    file = otlp("-p", jit.pid, "-d", "1")
    made = [one for one in frame_types(file) if one[1] == "[jit]"]
    assert made and all(kind is None and address == 0 for kind, _, address, _ in made), made


def test_deleted(target, otlp, build, tmp_path):
    """What is gone was open in time; a file that nobody could open has a mapping all the same."""
    shutil.copy(build("chain"), tmp_path / "gone")
    gone = target(tmp_path / "gone", 60, env=environment())
    gone.wait_for("begin")
    (tmp_path / "gone").unlink()
    mapping, attributes = mappings(otlp("-p", gone.pid, "-d", "1"))[str(tmp_path / "gone")]
    assert (mapping.memory_start, mapping.memory_limit, mapping.file_offset) == executable_segment(build("chain"))
    assert attributes["process.executable.build_id.htlhash"]


@pytest.mark.skipif(not shutil.which("go"), reason="no Go tool chain")
@pytest.mark.parametrize("flags", [(), ("-ldflags=-s -w",)])
def test_go(target, otlp, tmp_path, flags):
    path = tmp_path / "gopher"
    subprocess.run(["go", "build", *flags, "-o", path, SOURCES / "gopher.go"], check=True, cwd=tmp_path)
    printed = subprocess.run(["go", "tool", "buildid", path], check=True, capture_output=True, text=True).stdout.strip()
    gopher = target(path, 60, env=environment())
    file = otlp("-p", gopher.pid, "-d", "1")
    attributes = check_mapping(file, path)
    assert attributes["process.executable.build_id.go"] == printed
    kinds = {kind for kind, of, _, _ in frame_types(file) if of == str(path)}
    assert kinds == {"go"}, kinds


@pytest.mark.skipif(not shutil.which("rustc"), reason="no Rust compiler")
def test_rust(target, otlp, tmp_path):
    path = tmp_path / "rusty"
    subprocess.run(["rustc", "-C", "opt-level=3", "-g", "-o", path, SOURCES / "rusty.rs"], check=True)
    rusty, checked = target(path, 60, env=environment()), 0
    for kind, of, _, names in frame_types(otlp("-p", rusty.pid, "-d", "1")):
        if of == str(path):
            is_rust = "::" in names[0]
            assert kind == ("rust" if is_rust else "native"), names
            checked += is_rust
    assert checked >= 3
