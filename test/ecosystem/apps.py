#!/usr/bin/env python3
"""Builds apps as their authors do, from packages of npm, and puts the same requests to them here and on workerd.

Usage: apps.py [--short] [--write] [--show] [NAME...]

Each folder of apps/ is a project of wrangler: package.json with pinned versions, wrangler.jsonc, sources, and requests.json.
`build` in its package.json's scripts makes what is deployed; where there is none, `wrangler deploy --dry-run` does. nano serves the
result with what `nano import` prints for it; `wrangler dev` serves the same result on workerd. A request is right when status, body and the
headers that an app has a part in are the same.

--short: only the apps that CI builds. --show: what differs. --write: the rows of docs/ecosystem.md. Programs of NANO_BIN_DIR, or of
target/debug. Everything that is fetched lies in target/ecosystem. The exit code is 1 when a request is not right that is not listed as
`known` in its app's requests.json.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
APPS = HERE / "apps"
DISPATCH = HERE / "dispatch.js"  # of apps that are many small routes; it lies beside `src` of each
WORK = ROOT / "target/ecosystem"
BIN = Path(os.environ.get("NANO_BIN_DIR") or ROOT / "target/debug")
DOCS = ROOT / "docs/ecosystem.md"
BEGIN, END = "<!-- apps -->\n", "<!-- end of apps -->"
# Node.js for the tools, whatever the machine has.
TOOLS = {"node": "24.21.0", "wrangler": "4.164.0"}
SHORT = ["hono", "itty", "h3", "express"]
INSTALL_S, BUILD_S, START_S, ANSWER_S = 600, 600, 90, 30
# Headers that say something of the server, or of the moment.
OF_THE_SERVER = {
    "date", "connection", "keep-alive", "transfer-encoding", "content-length", "x-request-id", "server", "cf-ray", "content-encoding",
    "alt-svc", "vary-by",
}

OF_A_FILE = {"accept-ranges", "cf-cache-status", "etag", "last-modified"}


class Failed(Exception):
    """Something that has to work did not."""


def run(command, folder, seconds, env=None):
    done = subprocess.run(command, cwd=folder, env=env, timeout=seconds, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def install(folder):
    """What package.json names, unless it is there."""
    wanted = (folder / "package.json").read_text()
    stamp = folder / "node_modules/.wanted"
    if not stamp.is_file() or stamp.read_text() != wanted:
        run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], folder, INSTALL_S, environment())
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(wanted)


def environment():
    tools = WORK / "tools/node_modules"
    quiet = {"CI": "1", "WRANGLER_SEND_METRICS": "false", "ASTRO_TELEMETRY_DISABLED": "1", "NUXT_TELEMETRY_DISABLED": "1", "NO_COLOR": "1"}
    return {**os.environ, **quiet, "PATH": f"{tools}/node/bin:{tools}/.bin:{os.environ['PATH']}"}


def tools():
    folder = WORK / "tools"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": TOOLS}))
    install(folder)
    # The package of Node.js fetches its program by a script, which npm may not run.
    node = folder / "node_modules/node/bin/node"
    if not node.exists():
        run(["node", "node_modules/node/installArchSpecificPackage.js"], folder, INSTALL_S)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def without_comments(text):
    """JSON of a file of ours; it has no comments in strings."""
    return json.loads(re.sub(r"^\s*//.*", "", text, flags=re.M))


class Project:
    """An app, copied to where it is built."""

    def __init__(self, name):
        self.name, self.folder = name, WORK / name
        shutil.copytree(APPS / name, self.folder, dirs_exist_ok=True)
        shutil.copy(DISPATCH, self.folder)
        self.requests = json.loads((APPS / name / "requests.json").read_text())
        self.manifest = json.loads((self.folder / "package.json").read_text())

    def build(self):
        install(self.folder)
        if "build" in self.manifest.get("scripts", {}):
            run(["npm", "run", "build"], self.folder, BUILD_S, environment())
        config = self.folder / self.manifest.get("config", "wrangler.jsonc")
        self.config = without_comments(config.read_text())
        self.config.pop("$schema", None)
        out = self.folder / "bundle"
        shutil.rmtree(out, ignore_errors=True)
        if self.config.get("main"):
            deploy = ["wrangler", "deploy", "--dry-run", "--outdir", str(out), "--config", str(config)]
            run(deploy, config.parent, BUILD_S, environment())
            self.config["main"] = str(self.entry(out, Path(self.config["main"]).stem))
            self.config["no_bundle"] = True
            self.config["find_additional_modules"] = True
            self.config["rules"] = [*self.config.get("rules", []), {"type": "ESModule", "globs": ["**/*.js", "**/*.mjs"]}]
        for key in ("build", "dev", "tsconfig", "alias", "define", "jsx_factory", "minify", "base_dir", "observability"):
            self.config.pop(key, None)
        if "assets" in self.config:
            self.config["assets"]["directory"] = str((config.parent / self.config["assets"]["directory"]).resolve())
        self.built = self.folder / "built.json"
        self.built.write_text(json.dumps(self.config, indent=2))

    @staticmethod
    def entry(out, stem):
        """The module that wrangler made of `main`: `.ts` and `.tsx` have become `.js`."""
        for path in (out / f"{stem}.js", out / f"{stem}.mjs"):
            if path.is_file():
                return path
        raise Failed(f"no {stem}.js in {sorted(path.name for path in out.iterdir())}")


class Server:
    """A process that answers on a port."""

    def __init__(self, command, folder, port, log):
        self.port, self.log = port, log
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=log.open("w"), stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                # workerd takes connections before it knows whether the app can be loaded.
                if isinstance(ask(self, {"path": "/.a/path/that/nobody/has"})[0], int):
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        self.__exit__()
        raise Failed(f"does not start:\n{self.log.read_text()[-3000:]}")

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def nano(project):
    entry = json.loads(run([BIN / "nano", "import", str(project.built)], project.folder, 60))
    entry.update({"hostname": "*", "sandbox": None})
    entry.pop("sandbox")
    port = free_port()
    config = project.folder / "nano.json"
    listen = {"listen": [f"127.0.0.1:{port}"], "metrics": "off", "control_socket": str(project.folder / "control.sock")}
    config.write_text(json.dumps({**listen, "apps": [entry]}, indent=2))
    return Server([BIN / "nano", "serve", "--config", str(config)], project.folder, port, project.folder / "nano.log")


def workerd(project):
    port = free_port()
    command = ["wrangler", "dev", "--config", str(project.built), "--port", str(port), "--ip", "127.0.0.1", "--inspector-port", "0"]
    command += ["--local", "--show-interactive-dev-session=false", "--live-reload=false"]
    return Server(command, project.folder, port, project.folder / "workerd.log")


def ask(server, request):
    """Status, headers and body; or what went wrong."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_S)
    headers = {"host": "app.example", "accept-encoding": "identity", **request.get("headers", {})}
    body = request.get("body")
    body = "x" * 5000 if body == "LONG" else body
    try:
        connection.request(request.get("method", "GET"), request["path"], None if body is None else body.encode(), headers)
        response = connection.getresponse()
        data = response.read()
        encoding = response.getheader("content-encoding")
        if encoding == "gzip":
            import gzip

            data = gzip.decompress(data)
        kept = [(name.lower(), value) for name, value in response.getheaders() if name.lower() not in OF_THE_SERVER]
        if response.status >= 500 and not data.startswith(b"{") and request.get("server_error"):
            # An uncaught error is shown by each server in its own way.
            return response.status, [], b""
        return response.status, sorted(kept), data
    except (OSError, http.client.HTTPException) as error:
        return repr(error), [], b""
    finally:
        connection.close()


def same_form(answer, request):
    """An answer without what differs from one request to the next."""
    status, headers, body = answer
    text = body.decode("utf-8", "backslashreplace")
    for pattern in request.get("varies", []):
        text = re.sub(pattern, "…", text)
        headers = [(name, re.sub(pattern, "…", value)) for name, value in headers]
    for name in request.get("varying_headers", []):
        headers = [(other, value) for other, value in headers if other != name]
    return status, headers, text


def without_validators(answer):
    """A static file's answer: each server names its state in its own way."""
    status, headers, text = answer
    return status, [(name, value) for name, value in headers if name not in OF_A_FILE], text


def compare(project, show):
    """How many requests there are, and those that are not right."""
    wrong = []
    with nano(project) as here, workerd(project) as there:
        for request in project.requests:
            ours, theirs = (same_form(ask(server, request), request) for server in (here, there))
            if any(name == "cf-cache-status" for name, _ in theirs[1]):
                ours, theirs = without_validators(ours), without_validators(theirs)
            if ours == theirs and not isinstance(ours[0], str):
                continue
            wrong.append(request)
            if show or not request.get("known"):
                print(f"  {request.get('method', 'GET')} {request['path']}{' (known)' if request.get('known') else ''}")
                for part, one, other in zip(("status", "headers", "body"), ours, theirs):
                    if one != other:
                        if part == "headers":
                            one, other = [h for h in one if h not in theirs[1]], [h for h in other if h not in ours[1]]
                        print(f"    {part}: nano    {str(one)[:600]!r}\n    {part}: workerd {str(other)[:600]!r}")
    return wrong


def shown(name):
    manifest = json.loads((APPS / name / "package.json").read_text())
    return ", ".join(f"{package} {version}" for package, version in manifest["dependencies"].items())


def write(rows):
    """Puts these rows into the table; those of other apps stay."""
    text = DOCS.read_text()
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    head, kept = table.splitlines()[:2], {line.split(" | ")[0].removeprefix("| "): line for line in table.splitlines()[2:]}
    for name, right, count in rows:
        known = [request for request in json.loads((APPS / name / "requests.json").read_text()) if request.get("known")]
        why = "".join(f"; {request['known']}" for request in known)
        kept[name] = f"| {name} | {shown(name)} | {right} of {count}{why} |"
    lines = head + [kept[name] for name in sorted(kept) if (APPS / name).is_dir()]
    DOCS.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + after)


def main():
    parser = argparse.ArgumentParser()
    for flag in ("--short", "--write", "--show"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    names = args.names or (SHORT if args.short else sorted(path.name for path in APPS.iterdir() if (path / "requests.json").is_file()))
    tools()
    rows, bad = [], 0
    for name in names:
        begun = time.monotonic()
        project = Project(name)
        try:
            project.build()
            wrong = compare(project, args.show)
        except (Failed, subprocess.TimeoutExpired) as error:
            print(f"{name}: {error}")
            bad += 1
            continue
        count = len(project.requests)
        rows.append((name, count - len(wrong), count))
        bad += sum(1 for request in wrong if not request.get("known"))
        print(f"{name}: {count - len(wrong)} of {count} ({time.monotonic() - begun:.0f} s)", flush=True)
    if args.write:
        write(rows)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
