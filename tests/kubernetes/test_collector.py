# SPDX-License-Identifier: GPL-2.0-or-later
"""The Collector's configurations: a Collector takes them, and with an API server that knows three pods it does what
docs/kubernetes.md says: names by container.id, pods that opted out are dropped, what the back end refuses is refused."""
import http.server
import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.request

import pytest
import yaml
from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2 as service

import chart
import profound
import receivers
from receivers import PLAIN

FOLDER = profound.ROOT / "deploy/collector"
GATE = "--feature-gates=service.profilesSupport"
NODE = "node-1"
VARIABLES = {"NODE_NAME": NODE, "PYROSCOPE_ENDPOINT": "http://127.0.0.1:4040", "CLICKHOUSE_ENDPOINT": "tcp://127.0.0.1:9000",
             "CLICKHOUSE_USER": "default", "CLICKHOUSE_PASSWORD": "secret"}


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.yaml")))
def test_validate(otelcol, name):
    done = chart.run(otelcol, "validate", "--config", FOLDER / name, GATE, env={**PLAIN, **VARIABLES})
    assert done.returncode == 0, done.stderr


def test_validate_refuses(otelcol, tmp_path):
    """A key that no component has is an error: what is valid was read."""
    config = yaml.safe_load((FOLDER / "clickhouse.yaml").read_text())
    config["exporters"]["clickhouse"]["profile_table"] = "otel_profiles"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    done = chart.run(otelcol, "validate", "--config", tmp_path / "config.yaml", GATE, env={**PLAIN, **VARIABLES})
    assert done.returncode == 1 and "profile_table" in done.stderr, done.stderr


def test_collector_values():
    """The values of the Collector's own chart hold deploy/collector/pyroscope.yaml as it is."""
    values = yaml.safe_load((chart.FOLDER / "collector-values.yaml").read_text())
    assert values["alternateConfig"] == yaml.safe_load((FOLDER / "pyroscope.yaml").read_text())
    ports = {port["containerPort"]: port.get("hostPort") for port in values["ports"].values() if port["enabled"]}
    assert ports[4318] == 4318 and ports[4317] == 4317, "where the agents' $(HOST_IP) is asked"
    assert GATE in values["command"]["extraArgs"]
    names = {variable["name"] for variable in values["extraEnvs"]}
    assert names == {"NODE_NAME", "PYROSCOPE_ENDPOINT"}


def pod(name, uid, container, annotations=None, namespace="shop"):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "uid": uid, "annotations": annotations or {},
                         "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"nodeName": NODE, "containers": [{"name": "app", "image": "registry.example/app:1"}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [
                {"name": "app", "containerID": f"containerd://{container}", "restartCount": 0, "ready": True,
                 "image": "registry.example/app:1", "imageID": "", "state": {"running": {}}, "lastState": {}}]}}


def namespace(name, annotations=None):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": name, "uid": f"uid-{name}", "resourceVersion": "1", "annotations": annotations or {}}}


OUT = {"profound/profile": "false"}
IN = {"profound/profile": "true"}
PODS = [pod("web", "uid-web", "a" * 64), pod("bank", "uid-bank", "b" * 64, OUT),
        pod("hidden", "uid-hidden", "c" * 64, namespace="secret"), pod("shown", "uid-shown", "d" * 64, IN, "secret")]
NAMESPACES = [namespace("shop"), namespace("secret", OUT)]


class ApiServer:
    """Lists of pods and namespaces, and watches that see no change."""

    def __init__(self):
        self.asked, self.over = [], threading.Event()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, _, query = self.path.partition("?")
                api.asked.append(self.path)
                items = {"/api/v1/pods": PODS, "/api/v1/namespaces": NAMESPACES}.get(path)
                if items is None or "sendInitialEvents=true" in query:
                    self.say(404 if items is None else 422, {"kind": "Status", "apiVersion": "v1", "status": "Failure",
                                                            "code": 422, "reason": "Invalid", "message": "not here"})
                elif "watch=" in query:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    self.wfile.flush()
                    api.over.wait(120)
                else:
                    self.say(200, {"kind": items[0]["kind"] + "List", "apiVersion": "v1",
                                   "metadata": {"resourceVersion": "1"}, "items": items})

            def say(self, code, what):
                body = json.dumps(what).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def kubeconfig(self, path):
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "users": [{"name": "test", "user": {}}],
            "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{self.server.server_address[1]}"}}]}))
        return path

    def stop(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def api():
    one = ApiServer()
    yield one
    one.stop()


@pytest.fixture
def back_end():
    one = receivers.Http()
    yield one
    one.stop()


@pytest.fixture
def collect(otelcol, api, tmp_path):
    """collect(back_end) is the URL of a Collector by deploy/collector/pyroscope.yaml: other ports, who it is to the API server
    comes from a file, and further conditions to drop by."""
    running = []

    def starter(back_end, *conditions):
        config = yaml.safe_load((FOLDER / "pyroscope.yaml").read_text())
        ports = [receivers.free_port() for _ in range(3)]
        config["receivers"]["otlp"]["protocols"] = {
            "grpc": {"endpoint": f"127.0.0.1:{ports[0]}"}, "http": {"endpoint": f"127.0.0.1:{ports[1]}"}}
        config["extensions"]["health_check"]["endpoint"] = f"127.0.0.1:{ports[2]}"
        for name in ("k8s_attributes", "k8s_attributes/pod"):
            config["processors"][name] = {**config["processors"][name], "auth_type": "kubeConfig"}
        config["processors"]["filter"]["profile_conditions"] += conditions
        config["service"]["telemetry"] = {"metrics": {"level": "none"}}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        env = {**PLAIN, **VARIABLES, "PYROSCOPE_ENDPOINT": f"http://127.0.0.1:{back_end.port}",
               "KUBECONFIG": str(api.kubeconfig(tmp_path / "kubeconfig"))}
        log = tmp_path / "collector.log"
        with log.open("w") as stderr:
            running.append(subprocess.Popen([otelcol, "--config", tmp_path / "config.yaml", GATE], env=env, stderr=stderr,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        profound.wait_until(lambda: "Everything is ready" in log.read_text() or running[-1].poll() is not None, 30,
                            "a Collector that is ready")
        assert running[-1].poll() is None, log.read_text()
        return f"http://127.0.0.1:{ports[1]}"

    yield starter
    for one in running:
        one.kill()
        one.wait()


def stack(tables, function):
    """A stack of one function."""
    tables.string_table.append(function)
    tables.function_table.add(name_strindex=len(tables.string_table) - 1)
    tables.location_table.add().lines.add(function_index=len(tables.function_table) - 1)
    tables.stack_table.add(location_indices=[len(tables.location_table) - 1])
    return len(tables.stack_table) - 1


def request(*resources):
    """One profile of one sample for each resource."""
    message = service.ExportProfilesServiceRequest()
    tables = message.dictionary
    tables.string_table.extend(["", "samples", "count"])
    for table in (tables.mapping_table, tables.location_table, tables.function_table, tables.link_table,
                  tables.attribute_table, tables.stack_table):
        table.add()
    for attributes in resources:
        one = message.resource_profiles.add()
        for key, value in attributes.items():
            one.resource.attributes.add(key=key).value.string_value = value
        profile = one.scope_profiles.add().profiles.add(time_unix_nano=1, duration_nano=1, profile_id=os.urandom(16))
        profile.sample_type.type_strindex, profile.sample_type.unit_strindex = 1, 2
        profile.samples.add(values=[1], stack_index=stack(tables, f"function of {attributes['service.name']}"))
    return message.SerializeToString()


def post(url, body):
    try:
        with urllib.request.urlopen(urllib.request.Request(url + receivers.PATH, body, receivers.PROTOBUF), timeout=15) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def resources_of(back_end):
    """[{attribute: value}] of all that came; the Collector puts texts into the dictionary."""
    found = []
    for got in back_end.requests:
        strings = got.message().dictionary.string_table
        for resource in got.message().resource_profiles:
            found.append({one.key or strings[one.key_strindex]:
                          one.value.string_value or strings[one.value.string_value_strindex]
                          for one in resource.resource.attributes})
    return found


def test_names_and_opting_out(collect, back_end, api):
    """By container.id alone. A pod may say no, or its namespace for all that do not say yes; the host's processes stay."""
    url = collect(back_end)
    assert post(url, request({"service.name": "cron"}, *({"container.id": letter * 64, "service.name": letter}
                                                        for letter in "abcd"))) == 200
    assert any(f"fieldSelector=spec.nodeName%3D{NODE}" in path for path in api.asked), api.asked
    assert {got.path for got in back_end.requests} == {receivers.PATH}
    got = {one["service.name"]: one for one in resources_of(back_end)}
    assert set(got) == {"cron", "a", "d"}
    assert set(got["cron"]) == {"service.name"}
    assert got["a"].items() >= {"k8s.pod.name": "web", "k8s.namespace.name": "shop", "k8s.container.name": "app",
                                "container.id": "a" * 64}.items(), got["a"]
    assert got["d"]["k8s.pod.name"] == "shown"
    # docs/kubernetes.md says so: the request's dictionary is not cleared of what nothing refers to any more.
    [sent] = back_end.requests
    assert "function of b" in sent.message().dictionary.string_table


def test_by_the_pods_uid(collect, back_end):
    """A container that is not in the pod's status (yet, or any more) has the pod's names all the same."""
    url = collect(back_end)
    assert post(url, request({"container.id": "e" * 64, "k8s.pod.uid": "uid-web", "service.name": "init"},
                             {"container.id": "f" * 64, "k8s.pod.uid": "uid-bank", "service.name": "gone"})) == 200
    [one] = resources_of(back_end)
    assert one["k8s.pod.name"] == "web" and one["service.name"] == "init"


def test_unknown_pods_dropped(collect, back_end):
    """With the condition that docs/kubernetes.md has for it."""
    [condition] = re.findall(r"^ +- (resource.*k8s.pod.name.*)$", (profound.ROOT / "docs/kubernetes.md").read_text(), re.MULTILINE)
    url = collect(back_end, condition)
    assert post(url, request({"service.name": "cron"}, {"container.id": "a" * 64, "service.name": "a"},
                             {"container.id": "e" * 64, "service.name": "new"})) == 200
    assert {one["service.name"] for one in resources_of(back_end)} == {"cron", "a"}


@pytest.mark.parametrize("answer, code", [(503, 503), (429, 429), (400, 400)])
def test_the_agent_hears_of_it(collect, answer, code):
    """What is not taken is not acknowledged: it waits in the agent's spool, and what never will be taken does not."""
    back_end = receivers.Http((answer, receivers.PROTOBUF, b""))
    try:
        assert post(collect(back_end), request({"service.name": "cron"})) == code
        assert len(back_end.requests) == 1
    finally:
        back_end.stop()
