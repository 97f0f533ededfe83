"""The chart, rendered by helm, and the schemas that what comes of it is held to."""

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import yaml
from cloudcoil.models.keda import v1alpha1 as keda

from tests.deploy.images import ROOT
from tests.servers.packages import Packages

CHART = ROOT / "deploy" / "helm" / "seedbed"

Manifest = dict[str, Any]


class ChartError(Exception):
    """Helm refuses; says why."""


def lint(packages: Packages, *values: str) -> str:
    """What helm says of the chart."""
    return _helm(packages, "lint", "--strict", str(CHART), *_set(values))


def render(packages: Packages, *values: str) -> list[Manifest]:
    """All manifests, with some values set: `a.b=c`, as JSON. Raises ChartError."""
    said = _helm(packages, "template", "garden", str(CHART), "--namespace", "lab", *_set(values))
    return [manifest for manifest in yaml.load_all(said, yaml.CSafeLoader) if manifest]


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Those of a kind by component."""
    label = "app.kubernetes.io/component"
    return {m["metadata"]["labels"][label]: m for m in manifests if m["kind"] == kind}


def faults(packages: Packages, manifest: Manifest) -> Iterator[str]:
    """What the published schemas say against a manifest."""
    kind = manifest["kind"]
    scales = manifest["apiVersion"].startswith("keda.sh/")
    validator = _keda(kind) if scales else _kubernetes(packages, manifest["apiVersion"], kind)
    for error in validator.iter_errors(manifest["spec"] if scales else manifest):
        yield f"{kind} {manifest['metadata']['name']} {list(error.path)}: {error.message[:300]}"
    if kind == "ScaledJob":
        made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": manifest["metadata"]}
        yield from faults(packages, {**made, "spec": manifest["spec"]["jobTargetRef"]})


def pod_of(manifest: Manifest) -> Manifest:
    """The pods that a Deployment, StatefulSet or ScaledJob makes."""
    pod: Manifest = manifest["spec"].get("jobTargetRef", manifest["spec"])["template"]
    return pod


@cache
def _kubernetes(packages: Packages, version: str, kind: str) -> jsonschema.Draft202012Validator:
    definitions = packages.kubernetes_definitions()["$defs"]
    named = {"apiVersion": [version], "kind": [kind]}
    [name] = [
        name
        for name, schema in definitions.items()
        if {key: schema.get("properties", {}).get(key, {}).get("enum") for key in named} == named
    ]
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


@cache
def _keda(kind: str) -> jsonschema.Draft202012Validator:
    spec = getattr(keda, f"{kind}Spec")
    return jsonschema.Draft202012Validator(_closed(spec.model_json_schema(by_alias=True)))


def _closed(schema: Any) -> Any:
    """The same, but what it does not name is refused, as the cluster does it."""
    if isinstance(schema, list):
        return [_closed(child) for child in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if "properties" in closed and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def _set(values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in ("--set-json", value)]


def _helm(packages: Packages, *arguments: str) -> str:
    command = [str(packages.helm()), *arguments]
    # It looks for a cluster's address in the user's folder; there is none to find.
    environment = {**os.environ, "KUBECONFIG": "/dev/null"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise ChartError(done.stdout + done.stderr)
    return done.stdout
