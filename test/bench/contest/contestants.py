"""The programs that are raced: how each is given N apps, started, and found."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from neighbours import free_port, tree
from peers import Failed

HERE = pathlib.Path(__file__).resolve().parent
START_S = 120

NANO_APP = 'import { respond } from "./app.mjs";\nexport default { fetch: respond };\n'
DENO_APP = """\
import { respond } from "./app.mjs";
Deno.serve({ port: Number(Deno.args[0]), hostname: "127.0.0.1", onListen() {} }, respond);
"""
BUN_APP = """\
import { respond } from "./app.mjs";
Bun.serve({ port: Number(process.argv[2]), hostname: "127.0.0.1", maxRequestBodySize: 2 ** 40, idleTimeout: 60, fetch: respond });
"""
# workerd finds no app by hostname itself.
WORKERD_ROUTER = """\
export default { fetch(request, env) { return env[new URL(request.url).hostname].fetch(request); } };
"""
NGINX = """\
daemon off;
%(user)s
worker_processes 1;
pid %(directory)s/nginx.pid;
error_log %(directory)s/nginx.log crit;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path %(directory)s/body; proxy_temp_path %(directory)s/proxy;
  fastcgi_temp_path %(directory)s/f; uwsgi_temp_path %(directory)s/u; scgi_temp_path %(directory)s/s;
  server_names_hash_max_size 65536; server_names_hash_bucket_size 128;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  proxy_buffering off; proxy_request_buffering off;
%(servers)s
}
"""
NGINX_SERVER = """\
  upstream %(name)s { server unix:%(directory)s/%(name)s.sock; keepalive 64; }
  server { listen 127.0.0.1:%(port)d; server_name %(host)s; location / { proxy_pass http://%(name)s; } }"""


def host(number):
    return f"a{number}.test"


class Contestant:
    """`apps` apps, running. Subclasses say what is started, in what order."""

    # The most apps that make sense; one, where nothing in front finds an app by its host.
    most_apps = 1

    def __init__(self, program, directory, apps):
        self.program, self.directory, self.apps = program, pathlib.Path(directory), apps
        self.port = free_port()
        self.processes = []
        shutil.copy(HERE / "app.mjs", directory)

    def commands(self):
        raise NotImplementedError

    def start(self):
        """Starts it and waits for the first answer. Returns the seconds that took."""
        commands = self.commands()
        self.errors = open(self.directory / "errors", "w+", encoding="utf-8")  # noqa: SIM115 -- as long as the processes
        begun = time.perf_counter()
        for command in commands:
            self.processes.append(subprocess.Popen(
                [str(part) for part in command], cwd=self.directory,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors,
            ))
        self.ask(host(0), begun + START_S)
        return time.perf_counter() - begun

    def ask(self, name, until):
        """Asks until there is an answer."""
        request = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
                    connection.sendall(request)
                    answer = b""
                    while piece := connection.recv(65536):
                        answer += piece
                if answer.startswith(b"HTTP/1.1 200") and b"Hello, World!" in answer:
                    return
            except OSError:
                pass
            ended = [process for process in self.processes if process.poll() is not None]
            if ended or time.perf_counter() > until:
                self.errors.seek(0)
                raise Failed(f"no answer: {self.errors.read()[-500:]}")
            time.sleep(0.0005)

    def pids(self):
        return [pid for process in self.processes for pid in tree(process.pid)]

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.errors.close()


class Nano(Contestant):
    most_apps = 1_000_000
    # So many apps have a process each only when they are asked for.
    on_demand_from = 1000

    def ctl(self, *arguments):
        """nanoctl of the same build; returns what it prints."""
        command = [self.program.parent / "nanoctl", "--socket", self.directory / "control.sock", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"nanoctl {arguments[0]}: {done.stderr.strip()[-300:]}")
        return done.stdout

    def commands(self):
        for number in range(self.apps):
            app = self.directory / f"app{number}"
            app.mkdir()
            shutil.copy(HERE / "app.mjs", app)
            (app / "index.js").write_text(NANO_APP)
        config = {
            "listen": [f"127.0.0.1:{self.port}"], "metrics": "off", "control_socket": str(self.directory / "control.sock"),
            "log": {"access": False, "level": "warn"},
            "defaults": {"start": "on-demand" if self.apps >= self.on_demand_from else "eager", "max_body_mb": 100_000},
            "apps": [{"hostname": host(number), "path": f"app{number}"} for number in range(self.apps)],
        }
        if self.apps > 1000:
            # The users that nano takes by itself are not that many.
            config["uid_base"] = 1_000_000
        (self.directory / "nano.json").write_text(json.dumps(config))
        return [[self.program, "serve", "--config", "nano.json"]]


class NginxAndNode(Contestant):
    """nginx in front of a process of node for each app. `program`: (nginx, node)."""

    most_apps = 200

    def commands(self):
        nginx, node = self.program
        shutil.copy(HERE / "node.mjs", self.directory)
        servers = [
            NGINX_SERVER % {"name": f"app{number}", "directory": self.directory, "port": self.port, "host": host(number)}
            for number in range(self.apps)
        ]
        user = "user root;" if os.geteuid() == 0 else ""
        text = NGINX % {"directory": self.directory, "servers": "\n".join(servers), "user": user}
        (self.directory / "nginx.conf").write_text(text)
        nodes = [[node, "node.mjs", self.directory / f"app{number}.sock"] for number in range(self.apps)]
        return [*nodes, [nginx, "-c", self.directory / "nginx.conf"]]


class Node(Contestant):
    def commands(self):
        shutil.copy(HERE / "node.mjs", self.directory)
        return [[self.program, "node.mjs", self.port]]


class Workerd(Contestant):
    most_apps = 1_000_000

    def commands(self):
        (self.directory / "router.js").write_text(WORKERD_ROUTER)
        (self.directory / "index.js").write_text(NANO_APP)
        numbers = range(self.apps)
        services = "".join(f'(name = "app{n}", worker = .app), ' for n in numbers)
        bindings = "".join(f'(name = "{host(n)}", service = "app{n}"), ' for n in numbers)
        (self.directory / "config.capnp").write_text(f"""\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [{services}(name = "router", worker = .router)],
  sockets = [(name = "http", address = "127.0.0.1:{self.port}", http = (), service = "router")],
);
const app :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js"), (name = "app.mjs", esModule = embed "app.mjs")],
  compatibilityDate = "2026-11-01",
);
const router :Workerd.Worker = (
  modules = [(name = "router.js", esModule = embed "router.js")],
  compatibilityDate = "2026-11-01",
  bindings = [{bindings}],
);
""")
        return [[self.program, "serve", "config.capnp"]]


class Deno(Contestant):
    def commands(self):
        (self.directory / "deno.mjs").write_text(DENO_APP)
        return [[self.program, "run", "--quiet", "--allow-net", "deno.mjs", self.port]]


class Bun(Contestant):
    def commands(self):
        (self.directory / "bun.mjs").write_text(BUN_APP)
        return [[self.program, "run", "bun.mjs", self.port]]
