"""What kubectl asks of an API server before it applies a manifest: which kinds there are, their schema, and the objects that
exist already (none). The schemas are Kubernetes' own, as the package kubernetes-validate has them."""

import http.server
import json
import threading
from pathlib import Path

import kubernetes_validate

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
# Kinds that the manifests have, with the names that the API has for them.
RESOURCES = {
    "v1": {"ConfigMap": "configmaps", "Service": "services"},
    "apps/v1": {"Deployment": "deployments"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
}


def schemas(version):
    """All definitions of a version of Kubernetes, by name."""
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{version}.0-local"
    return json.loads((folder / "_definitions.json").read_text())["$defs"]


def number(value):
    """A varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(place, content):
    """A field of text or of bytes."""
    content = content.encode() if isinstance(content, str) else content
    return number(place << 3 | 2) + number(len(content)) + content


def encode(schema):
    """A schema as a message `Schema` of gnostic's openapiv2/OpenAPIv2.proto, which kubectl reads."""
    out = b""
    if "$ref" in schema:
        out += field(1, schema["$ref"].replace("#/$defs/", "#/definitions/"))
    if "format" in schema:
        out += field(2, schema["format"])
    for name in schema.get("required", []):
        out += field(19, name)
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        out += field(21, field(1, encode(more)))
    kind = schema.get("type")
    if kind:
        # The package lets everything be null as well.
        out += field(22, field(1, kind if isinstance(kind, str) else kind[0]))
    elif "oneOf" in schema:
        # A number or a text: in OpenAPI 2 a text with a format.
        out += field(2, "int-or-string") + field(22, field(1, "string"))
    if "items" in schema:
        out += field(23, field(1, encode(schema["items"])))
    if "properties" in schema:
        out += field(25, b"".join(field(1, named(name, each)) for name, each in schema["properties"].items()))
    kinds = schema.get("x-kubernetes-group-version-kind")
    if kinds:
        # JSON is YAML.
        out += field(31, field(1, "x-kubernetes-group-version-kind") + field(2, field(2, json.dumps(kinds))))
    return out


def named(name, schema):
    return field(1, name) + field(2, encode(schema))


def document(version):
    """All definitions as a message `Document`."""
    info = field(1, "Kubernetes") + field(2, f"v{version}.0")
    definitions = b"".join(field(1, named(name, schema)) for name, schema in schemas(version).items())
    return field(1, "2.0") + field(2, info) + field(8, b"") + field(9, definitions)


def discovery():
    """What the API says of itself, by path."""
    groups = [name for name in RESOURCES if "/" in name]
    versions = [{"groupVersion": name, "version": name.split("/")[1]} for name in groups]
    listed = [{"name": each["groupVersion"].split("/")[0], "versions": [each], "preferredVersion": each} for each in versions]
    answers = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed},
    }
    for group, kinds in RESOURCES.items():
        resources = [
            {"name": name, "singularName": name[:-1], "namespaced": True, "kind": kind, "verbs": ["create", "get", "patch"]}
            for kind, name in kinds.items()
        ]
        path = f"/apis/{group}" if "/" in group else f"/api/{group}"
        answers[path] = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": resources}
    return answers


class ApiServer:
    """Runs until it is left."""

    def __init__(self, version):
        answers, schema = discovery(), document(version)
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.split("?")[0]
                asked.append((self.command, path))
                if path == "/openapi/v2" and "protobuf" in self.headers["accept"]:
                    return self.answer(200, PROTOBUF, schema)
                if path in answers:
                    return self.answer(200, "application/json", json.dumps(answers[path]).encode())
                missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
                return self.answer(404, "application/json", json.dumps(missing).encode())

            # Nothing may be written.
            do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

            def answer(self, status, kind, body):
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
