# SPDX-License-Identifier: GPL-2.0-or-later
"""The chart: helm and Kubernetes' own schemas take it, its schema refuses what makes no sense, profound.yaml is what it
renders, and it asks for what the systemd unit asks for and no more."""
import re

import jsonschema
import pytest

import chart
import profound

# Each value away from its default at least once; (--set ..., version of Kubernetes).
WAYS = {
    "default": ([], "1.34"),
    "old": ([], "1.25"),
    "all": (["namespace.create=true", "podMonitor.enabled=true", "podMonitor.labels.release=prometheus",
             "networkPolicy.enabled=true", "networkPolicy.from[0].namespaceSelector.matchLabels.name=monitoring",
             "seccomp.type=Localhost", "seccomp.installer=busybox:1.37", "seLinuxOptions.type=spc_t",
             "priorityClassName=system-node-critical", "podAnnotations.a=b", "podLabels.c=d", "imagePullSecrets[0].name=s",
             "resourceAttributes.k8s\\.cluster\\.name=prod", "env[0].name=OTEL_EXPORTER_OTLP_HEADERS",
             "env[0].valueFrom.secretKeyRef.name=s", "env[0].valueFrom.secretKeyRef.key=k", "args={--pids,--max-cpu=1}",
             "image.repository=registry.example/profound", "image.tag=v1", "ipv6=true", "maxUnavailable=1"], "1.34"),
    "no receiver": (["otlp.endpoint="], "1.34"),
    "no history": (["store.enabled=false", "otlp.protocol=grpc", "otlp.endpoint=http://collector:4317"], "1.34"),
    "closed": (["networkPolicy.enabled=true", "seccomp.type=RuntimeDefault"], "1.34"),
}
way = pytest.mark.parametrize("sets, version", WAYS.values(), ids=WAYS)

BAD = {
    "unknown": "privileged=true",
    "nothing to do": "otlp.endpoint=,store.enabled=false",
    "endpoint": "otlp.endpoint=collector:4318",
    "protocol": "otlp.protocol=http/json",
    "size": "spool.size=256MiB",
    "age": "store.age=1y",
    "path": "hostPath=var/lib/profound",
    "port": "port=70000",
    "frequency": "frequency=0",
    "interval": "interval=3601",
    "seccomp": "seccomp.type=None",
    "profile": "seccomp.localhostProfile=/etc/profile.json",
    "attribute": "resourceAttributes.team=a b",
    "no node at a time": "maxUnavailable=0%",
    "pull policy": "image.pullPolicy=Sometimes",
    "not a list": "tolerations.operator=Exists",
}


def test_lint(helm):
    done = helm("lint", "--strict", chart.CHART)
    assert done.returncode == 0 and "[WARNING]" not in done.stdout and "[ERROR]" not in done.stdout, done.stdout


@pytest.mark.parametrize("sets", BAD.values(), ids=BAD)
def test_bad_values(helm, sets):
    done = chart.template(helm, sets)
    assert done.returncode == 1 and "values don't meet the specifications of the schema" in done.stderr, done.stderr


def test_old_kubernetes(helm):
    assert "chart requires kubeVersion" in chart.template(helm, version="1.24").stderr


def test_manifest_is_the_chart(helm):
    """deploy/kubernetes/render >deploy/kubernetes/profound.yaml makes it so."""
    done = chart.run(chart.FOLDER / "render", helm.program)
    assert done.returncode == 0 and done.stdout == chart.MANIFEST.read_text()


def closed(schema):
    """Kubernetes drops fields that it does not know, with a warning: here they are errors. OpenAPI 2 has no type for "a
    number or a text"."""
    for one in schema["definitions"].values():
        if one.get("format") == "int-or-string":
            one["type"] = ["integer", "string"]
        if "properties" in one and "x-kubernetes-preserve-unknown-fields" not in one:
            one.setdefault("additionalProperties", False)
    return schema


def definition(schema, one):
    group, _, version = one["apiVersion"].rpartition("/")
    wanted = {"group": group, "version": version, "kind": one["kind"]}
    [name] = [name for name, item in schema["definitions"].items()
              if wanted in item.get("x-kubernetes-group-version-kind", [])]
    return f"#/definitions/{name}"


@way
def test_kubernetes_takes_it(render, schemas, sets, version):
    schema = closed(schemas("kubernetes"))
    for kind, one in render(*sets, version=version).items():
        if kind == "PodMonitor":
            [shown] = schemas("podmonitor")["spec"]["versions"]
            jsonschema.validate(one["spec"], shown["schema"]["openAPIV3Schema"]["properties"]["spec"])
        else:
            jsonschema.validate(one, {**schema, "$ref": definition(schema, one)})


def test_the_schemas_refuse(render, schemas):
    """They would notice a field that is not there, and a wrong type."""
    schema = closed(schemas("kubernetes"))
    for change in ({"hostPid": True}, {"hostPID": "yes"}):
        one = render()["DaemonSet"]
        one["spec"]["template"]["spec"].update(change)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(one, {**schema, "$ref": definition(schema, one)})


@way
def test_flags_are_the_agents(render, sets, version):
    code, out, err = profound.bare("agent", "--help")
    assert code == 0, err
    known = set(re.findall(r"--[a-z-]+", out.decode()))
    one = chart.container(render(*sets, version=version))
    assert one["command"] == ["profound", "agent"]
    used = [word.partition("=")[0] for word in one["args"]]
    assert set(used) <= known and len(set(used)) == len(used), set(used) - known


def unit_capabilities():
    unit = (profound.ROOT / "deploy/systemd/profound.service").read_text()
    [line] = re.findall("^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)
    return [name.removeprefix("CAP_") for name in line.split()]


@way
def test_least_privilege(render, sets, version):
    rendered = render(*sets, version=version)
    pod, one = chart.pod(rendered), chart.container(rendered)
    context = one["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": unit_capabilities()}
    assert context["privileged"] is False and context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert pod["hostPID"] is True and "hostNetwork" not in pod and "hostIPC" not in pod
    assert pod["automountServiceAccountToken"] is False
    assert rendered["ServiceAccount"]["automountServiceAccountToken"] is False
    assert not [kind for kind in rendered if "Role" in kind]
    writable = [mount["name"] for mount in one["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["state"]
    for extra in pod.get("initContainers", []):
        assert extra["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_apparmor(render):
    """A field since Kubernetes 1.30, an annotation before."""
    name = "container.apparmor.security.beta.kubernetes.io/profound"
    new, old = render(version="1.30"), render(version="1.29")
    assert chart.container(new)["securityContext"]["appArmorProfile"] == {"type": "Unconfined"}
    assert "annotations" not in new["DaemonSet"]["spec"]["template"]["metadata"]
    assert "appArmorProfile" not in chart.container(old)["securityContext"]
    assert old["DaemonSet"]["spec"]["template"]["metadata"]["annotations"] == {name: "unconfined"}


def test_seccomp(render):
    """The default needs no file on the node; Localhost does, which an init container may put there."""
    assert chart.container(render())["securityContext"]["seccompProfile"] == {"type": "Unconfined"}
    local = render("seccomp.type=Localhost")
    profile = {"type": "Localhost", "localhostProfile": "profiles/profound.json"}
    assert chart.container(local)["securityContext"]["seccompProfile"] == profile
    assert "ConfigMap" not in local and "initContainers" not in chart.pod(local)
    put = render("seccomp.type=Localhost", "seccomp.installer=busybox:1.37")
    assert put["ConfigMap"]["data"]["seccomp.json"] == (chart.CHART / "files/seccomp.json").read_text()
    [extra] = chart.pod(put)["initContainers"]
    assert extra["command"][-1] == "/seccomp/profiles/profound.json"
    [volume] = [one for one in chart.pod(put)["volumes"] if one["name"] == "seccomp-directory"]
    assert volume["hostPath"]["path"] == "/var/lib/kubelet/seccomp"


def test_environment(render):
    """The kubelet expands $(NAME) only of what is defined before."""
    one = chart.container(render("resourceAttributes.k8s\\.cluster\\.name=prod"))
    defined = set()
    for variable in one["env"]:
        assert set(re.findall(r"\$\((\w+)\)", variable.get("value", ""))) <= defined, variable
        defined.add(variable["name"])
    assert {name for word in one["args"] for name in re.findall(r"\$\((\w+)\)", word)} == {"POD_IP"} <= defined
    values = {variable["name"]: variable.get("value") for variable in one["env"]}
    assert values["OTEL_RESOURCE_ATTRIBUTES"] == \
        "host.name=$(NODE_NAME),k8s.node.name=$(NODE_NAME),k8s.cluster.name=prod"
    assert values["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://$(HOST_IP):4318"


def test_ports_meet(render):
    """What listens, what is probed, scraped and let through is one port."""
    rendered = render("port=9999", "podMonitor.enabled=true", "networkPolicy.enabled=true", "networkPolicy.from[0].podSelector={}")
    one = chart.container(rendered)
    assert one["ports"] == [{"name": "metrics", "containerPort": 9999}] and "--listen=$(POD_IP):9999" in one["args"]
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert one[probe]["httpGet"] == {"path": path, "port": "metrics"}
    assert rendered["PodMonitor"]["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"
    [rule] = rendered["NetworkPolicy"]["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "metrics"}] and rule["from"]
    selectors = [rendered["DaemonSet"]["spec"]["selector"]["matchLabels"], rendered["PodMonitor"]["spec"]["selector"]["matchLabels"],
                 rendered["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]]
    labels = rendered["DaemonSet"]["spec"]["template"]["metadata"]["labels"]
    assert all(selector == selectors[0] and selector.items() <= labels.items() for selector in selectors)
    assert render("networkPolicy.enabled=true")["NetworkPolicy"]["spec"]["ingress"] == []
    assert "--listen=[$(POD_IP)]:7071" in chart.container(render("ipv6=true"))["args"]


def test_state_survives(render):
    """Spool and history are on the node, in the directory that is mounted."""
    rendered = render()
    [state] = [one for one in chart.pod(rendered)["volumes"] if one["name"] == "state"]
    assert state["hostPath"] == {"path": "/var/lib/profound", "type": "DirectoryOrCreate"}
    [mount] = [one for one in chart.container(rendered)["volumeMounts"] if one["name"] == "state"]
    args = dict(word.split("=", 1) for word in chart.container(rendered)["args"] if "=" in word)
    assert args["--spool"] == f"{mount['mountPath']}/spool" and args["--store"] == f"{mount['mountPath']}/store"
    assert rendered["DaemonSet"]["spec"]["updateStrategy"]["rollingUpdate"].keys() == {"maxUnavailable"}


def test_every_value_is_read(helm):
    [values] = chart.objects(helm("show", "values", chart.CHART).stdout)
    templates = "".join(path.read_text() for path in (chart.CHART / "templates").iterdir())
    for name, value in values.items():
        assert f".Values.{name}" in templates, name
        for key in value if isinstance(value, dict) and f"with .Values.{name}" not in templates else ():
            assert f".Values.{name}.{key}" in templates or f"toYaml .Values.{name}" in templates, (name, key)
