"""The manifests of deploy/kubernetes: kubectl takes them, every key is one of Kubernetes' own schema, and the nano.json in them is
right."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml

from api_server import ApiServer
from common import PROGRAMS, REPOSITORY, run

# The oldest that has all keys of the manifests, and the latest.
VERSIONS = ["1.30", "1.37"]


def kubectl_apply(server, manifest, home):
    """As a user types it, with kubectl's own validation."""
    command = ["kubectl", "--server", server.url, "apply", "--dry-run=client", "-f", manifest]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=False)


def misspelled(documents):
    """The same with a key that Kubernetes does not have."""
    broken = json.loads(json.dumps(documents))
    deployment = next(each for each in broken if each["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["securityContext"]["runAsRoot"] = False
    return broken


def of_wrong_type(documents):
    """The same with a value of a wrong type."""
    broken = json.loads(json.dumps(documents))
    deployment = next(each for each in broken if each["kind"] == "Deployment")
    deployment["spec"]["replicas"] = "two"
    return broken


def check_by_kubectl(version, manifest, documents, folder):
    with ApiServer(version) as server:
        done = kubectl_apply(server, manifest, folder)
        assert done.returncode == 0, done.stderr
        said = [line for line in done.stdout.splitlines() if line.endswith(" created (dry run)")]
        assert len(said) == len(documents), done.stdout
        assert all(method == "GET" for method, _ in server.asked), server.asked
        assert ("GET", "/openapi/v2") in server.asked, "it was not validated"
        for broken, why in [(misspelled(documents), "runAsRoot"), (of_wrong_type(documents), "replicas")]:
            control = folder / "broken.yaml"
            control.write_text(yaml.safe_dump_all(broken))
            done = kubectl_apply(server, control, folder)
            assert done.returncode != 0 and why in done.stderr, f"the control: {done}"


def check_by_schema(version, documents):
    for document in documents:
        # An unknown key is an error.
        kubernetes_validate.validate(document, version, strict=True)
    for document in misspelled(documents):
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError:
            return
    raise AssertionError("the control: a key that Kubernetes does not have was taken")


for manifest in sorted((REPOSITORY / "deploy/kubernetes").glob("*.yaml")):
    documents = list(yaml.safe_load_all(manifest.read_text()))
    for version in VERSIONS:
        check_by_schema(version, documents)
        with tempfile.TemporaryDirectory() as folder:
            check_by_kubectl(version, manifest, documents, Path(folder))
    for document in documents:
        files = document.get("data", {})
        if "nano.json" in files:
            with tempfile.TemporaryDirectory() as folder:
                for name, text in files.items():
                    (Path(folder) / name).write_text(text)
                assert "ok" in run(PROGRAMS / "nano", "check", Path(folder) / "nano.json")
    print(f"kubernetes: {manifest.name}: {len(documents)} objects")
