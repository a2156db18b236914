#!/usr/bin/env python3
"""Lists what each module of Node.js exports: in Node.js, on workerd with `nodejs_compat`, and here; writes the table of docs/node.md.

Usage: node_surface.py [--write] [--show]

--show: every name that workerd has and nano has not. The exit code is 1 if Node.js has such a name, too, and the
module exports it: an import would fail.
Needs npm, as apps.py, whose tools it uses.
"""

import argparse
import json
import shutil
import subprocess
import sys
import urllib.request

from apps import BIN, HERE, ROOT, WORK, Server, environment, free_port, install, tools

NODE = "26.10.0"
DATE = "2026-11-15"
DOCS = ROOT / "docs/node.md"
BEGIN, END = "<!-- names -->\n", "<!-- end of names -->"
# What only programs with sockets of their own could do with them; Node.js does not document them.
INTERNAL = {"_http_common", "_http_outgoing", "_http_server", "_stream_wrap", "_tls_common", "_tls_wrap"}


def node_modules(folder):
    """Node.js of the latest version: its modules, and what they export."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": {"node": NODE}}))
    install(folder)
    node = folder / "node_modules/node/bin/node"
    if not node.exists():
        subprocess.run(["node", "node_modules/node/installArchSpecificPackage.js"], cwd=folder, check=True)
    script = """
        import { builtinModules } from "node:module";
        import { surface } from "./node_surface.mjs";
        const names = builtinModules.map((name) => name.replace("node:", "")).concat(["sea", "sqlite", "test", "test/reporters"]);
        process.stdout.write(JSON.stringify(await surface([...new Set(names)].sort())), () => process.exit());
    """
    shutil.copy(HERE / "node_surface.mjs", folder)
    (folder / "list.mjs").write_text(script)
    return json.loads(subprocess.run([node, "list.mjs"], cwd=folder, check=True, capture_output=True, text=True).stdout)


def ask(server, modules):
    with server:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/?modules={','.join(modules)}", timeout=60) as response:
            return json.load(response)


def elsewhere(folder, modules):
    shutil.copy(HERE / "node_surface.mjs", folder / "worker.mjs")
    config = {"name": "surface", "main": "worker.mjs", "no_bundle": True, "compatibility_date": DATE, "compatibility_flags": ["nodejs_compat"]}
    (folder / "wrangler.json").write_text(json.dumps(config))
    port = free_port()
    command = ["wrangler", "dev", "--config", "wrangler.json", "--port", str(port), "--ip", "127.0.0.1", "--inspector-port", "0", "--local"]
    return ask(Server([*command, "--show-interactive-dev-session=false"], folder, port, folder.parent / "surface-workerd.log"), modules)


def here(folder, modules):
    port = free_port()
    app = {"hostname": "*", "path": "worker.mjs", "compatibility_flags": ["nodejs_compat"]}
    listen = {"listen": [f"127.0.0.1:{port}"], "metrics": "off", "control_socket": str(folder / "control.sock")}
    (folder / "nano.json").write_text(json.dumps({**listen, "apps": [app]}))
    return ask(Server([BIN / "nano", "serve", "--config", "nano.json"], folder, port, folder.parent / "surface-nano.log"), modules)


def exports(names):
    return {name for name in names or () if "." not in name}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    tools()
    node = node_modules(WORK / "surface-node")
    folder = WORK / "surface"
    folder.mkdir(parents=True, exist_ok=True)
    workerd, nano = elsewhere(folder, list(node)), here(folder, list(node))
    rows, missing = ["| module | Node.js | Workers | here | only on Workers |", "|---|---|---|---|---|"], 0
    for module, names in node.items():
        theirs, ours = set(workerd[module] or ()), set(nano[module] or ())
        absent = sorted(theirs - ours)
        gone = sorted(exports(absent))
        if module not in INTERNAL:
            missing += len(set(gone) & exports(names))
            shown = [f"`{name}`" for name in gone]
            more = len(absent) - len(gone)
            shown += [f"{more} of what those have" if shown else str(more)] if more else []
            count = lambda of, all_names: f"{len(exports(of))} ({len(all_names)})" if of is not None else ""
            rows.append(f"| `{module}` | {count(names, names)} | {count(workerd[module], theirs)} | {count(nano[module], ours)} | {', '.join(shown)} |")
        if args.show and absent:
            print(module, *absent)
    if args.write:
        before, rest = DOCS.read_text().split(BEGIN)
        DOCS.write_text(before + BEGIN + "\n".join(rows) + "\n" + END + rest.split(END)[1])
    print(f"{missing} exports of Workers and Node.js are missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
