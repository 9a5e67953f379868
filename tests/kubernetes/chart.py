# SPDX-License-Identifier: GPL-2.0-or-later
"""The chart below deploy/kubernetes, what helm makes of it, and what is in that."""
import subprocess

import yaml

import profound

FOLDER = profound.ROOT / "deploy/kubernetes"
CHART = FOLDER / "profound"
MANIFEST = FOLDER / "profound.yaml"


def run(*argv, **options):
    return subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=120, check=False, **options)


def template(helm, *sets, version="1.34"):
    options = [word for one in sets for word in ("--set", one)]
    return helm("template", "profound", CHART, "--namespace", "profound", "--kube-version", version, *options)


def objects(text):
    return [one for one in yaml.safe_load_all(text) if one]


def by_kind(text):
    found = {one["kind"]: one for one in objects(text)}
    assert len(found) == len(objects(text)), "two objects of one kind"
    return found


def pod(rendered):
    return rendered["DaemonSet"]["spec"]["template"]["spec"]


def container(rendered):
    [one] = pod(rendered)["containers"]
    return one
