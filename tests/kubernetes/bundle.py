# SPDX-License-Identifier: GPL-2.0-or-later
"""The container that the chart describes, run by runc as a kubelet would have it made: its capabilities, seccomp profile,
mounts, environment, read-only root and the host's pids. The image is this machine's /usr and profound."""
import json
import pathlib
import re
import secrets
import shutil
import subprocess
import urllib.error
import urllib.request

import chart
import profound

NODE, IP = "node-1", "127.0.0.1"
FIELDS = {"spec.nodeName": NODE, "status.hostIP": IP, "status.podIP": IP}


# include/uapi/linux/capability.h
NUMBERS = {"DAC_READ_SEARCH": 2, "SYS_PTRACE": 19, "SYS_RESOURCE": 24, "SYSLOG": 34, "PERFMON": 38, "BPF": 39,
           "CHECKPOINT_RESTORE": 40}


def to_be_had(names):
    """Those that this machine lets anybody have: some of its root's are gone in a sandbox."""
    status = pathlib.Path("/proc/self/status").read_text()
    bounding = int(re.search(r"^CapBnd:\s*([0-9a-f]+)$", status, re.MULTILINE).group(1), 16)
    return [f"CAP_{name}" for name in names if bounding >> NUMBERS[name] & 1]


def environment(container):
    found = {}
    for one in container["env"]:
        text = FIELDS[one["valueFrom"]["fieldRef"]["fieldPath"]] if "valueFrom" in one else one["value"]
        found[one["name"]] = expand(text, found)
    return found


def expand(text, variables):
    return re.sub(r"\$\((\w+)\)", lambda match: variables.get(match.group(1), match.group(0)), text)


def root_of(folder):
    """A root file system for programs of this machine, which shows nothing else of it."""
    root = folder / "root"
    for path in ("proc", "sys", "dev", "tmp", "run", "usr/local/bin", "var/lib/profound", "etc"):
        (root / path).mkdir(parents=True)
    (root / "etc/machine-id").touch()
    mounts = []
    for path in ("/bin", "/sbin", "/lib", "/lib64"):
        if pathlib.Path(path).is_symlink():
            (root / path[1:]).symlink_to(pathlib.Path(path).readlink())
        elif pathlib.Path(path).exists():
            (root / path[1:]).mkdir()
            mounts.append(bind(path, path))
    for one in pathlib.Path("/usr").glob("lib*"):
        (root / f"usr/{one.name}").mkdir()
        mounts.append(bind(one, one))
    for name in ("bin", "sbin"):
        (root / "usr" / name).mkdir()
        mounts.append(bind(f"/usr/{name}", f"/usr/{name}"))
    shutil.copy(profound.binary(), root / "usr/local/bin/profound")
    return root, mounts


def bind(source, destination, read_only=True):
    return {"destination": str(destination), "source": str(source), "type": "none",
            "options": ["rbind", "rprivate", "ro" if read_only else "rw"]}


def config_of(rendered, folder, state, machine_id):
    """The OCI runtime's configuration. Other than a kubelet's, it has the host's network: the receiver is a test's."""
    pod, container = chart.pod(rendered), chart.container(rendered)
    context, variables = container["securityContext"], environment(container)
    root, mounts = root_of(folder)
    sources = {"state": state, "machine-id": machine_id}
    volumes = {one["name"]: sources.get(one["name"], one["hostPath"]["path"]) for one in pod["volumes"]}
    capabilities = to_be_had(context["capabilities"]["add"])
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        *mounts,
        *(bind(volumes[one["name"]], one["mountPath"], one.get("readOnly", False)) for one in container["volumeMounts"])]
    linux = {"namespaces": [{"type": kind} for kind in ("ipc", "uts", "mount", "cgroup")],
             "cgroupsPath": f"/profound-test-{secrets.token_hex(4)}",
             "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                             "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
             "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]}
    if not pod.get("hostPID"):
        linux["namespaces"].append({"type": "pid"})
    if context["seccompProfile"]["type"] == "Localhost":
        linux["seccomp"] = json.loads((chart.CHART / "files/seccomp.json").read_text())
    return {
        "ociVersion": "1.0.2", "hostname": "profound-xyz12", "mounts": mounts, "linux": linux,
        "root": {"path": str(root), "readonly": context["readOnlyRootFilesystem"]},
        "process": {
            "user": {"uid": context["runAsUser"], "gid": context["runAsGroup"]}, "cwd": "/",
            "args": container["command"] + [expand(word, variables) for word in container["args"]],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    *(f"{key}={value}" for key, value in variables.items())],
            "noNewPrivileges": not context["allowPrivilegeEscalation"],
            "capabilities": {kind: capabilities for kind in ("bounding", "effective", "permitted")}}}


class Container:
    """`change(config)` is what a test has otherwise."""

    def __init__(self, rendered, folder, state, machine_id, change=lambda config: None):
        folder.mkdir()
        self.id, self.folder, self.log = f"profound-test-{secrets.token_hex(6)}", folder, folder / "log"
        config = config_of(rendered, folder, state, machine_id)
        change(config)
        (folder / "config.json").write_text(json.dumps(config))
        [listen] = [word.partition("=")[2] for word in config["process"]["args"] if word.startswith("--listen=")]
        self.url = f"http://{listen}"
        with self.log.open("w") as log:
            self.popen = subprocess.Popen([*self.runc(), "run", "--bundle", folder, self.id], stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log)

    def runc(self):
        return ["runc", "--root", self.folder / "runc"]

    def get(self, path):
        """(status, body); None while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None

    def wait_until_ready(self):
        profound.wait_until(lambda: self.get("/readyz") == (200, "ok\n") or self.popen.poll() is not None, 30, "a pod that is ready")
        assert self.popen.poll() is None, self.log.read_text()
        return self

    def metric(self, name):
        status, text = self.get("/metrics")
        assert status == 200, text
        [value] = re.findall(rf"^profound_{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(value)

    def status(self):
        """/proc/PID/status of the agent."""
        state = json.loads(subprocess.run([*self.runc(), "state", self.id], check=True, capture_output=True).stdout)
        lines = pathlib.Path(f"/proc/{state['pid']}/status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def kill(self, signal="KILL"):
        """Its exit status."""
        subprocess.run([*self.runc(), "kill", self.id, signal], check=False, capture_output=True)
        return self.popen.wait(20)

    def remove(self):
        if self.popen.poll() is None:
            self.kill()
        subprocess.run([*self.runc(), "delete", "--force", self.id], check=False, capture_output=True)
