"""The manifests of deploy/kubernetes: every key is one of Kubernetes' own schema, and the nano.json in them is right."""

import json
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml

from common import PROGRAMS, REPOSITORY, run

for manifest in sorted((REPOSITORY / "deploy/kubernetes").glob("*.yaml")):
    documents = list(yaml.safe_load_all(manifest.read_text()))
    for document in documents:
        # An unknown key is an error.
        kubernetes_validate.validate(document, "1.33", strict=True)
    broken = json.loads(json.dumps(next(each for each in documents if each["kind"] == "Deployment")))
    broken["spec"]["template"]["spec"]["securityContext"]["runAsRoot"] = False
    try:
        kubernetes_validate.validate(broken, "1.33", strict=True)
    except kubernetes_validate.ValidationError:
        pass
    else:
        raise AssertionError("the control: a key that Kubernetes does not have was taken")
    for document in documents:
        files = document.get("data", {})
        if "nano.json" in files:
            with tempfile.TemporaryDirectory() as folder:
                for name, text in files.items():
                    (Path(folder) / name).write_text(text)
                assert "ok" in run(PROGRAMS / "nano", "check", Path(folder) / "nano.json")
    print(f"kubernetes: {manifest.name}: {len(documents)} objects")
