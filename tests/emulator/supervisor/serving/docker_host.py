"""A machine with the stand-in for Docker, and a program that serves in the place of an image."""

import json
import os
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azml.emulator.contract.deployments import CustomContainer, Route

IMAGE = "example.azurecr.io/team/server:1"
SERVER = """
    import json, os, signal, threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            well = self.path in ("/live", "/ready") and not os.path.exists(os.environ.get("SICK", "/nowhere"))
            self.send_response(200 if well else 503)
            self.end_headers()

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if body == b"die":
                os._exit(7)
            told = {"path": self.path, "port": self.server.own, "pid": os.getpid(), "body": body.decode()}
            told["variables"] = dict(os.environ)
            answer = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *words):
            pass

    def leave(*_):
        print("leaving", flush=True)
        if "STUBBORN" not in os.environ:
            os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    print("serving as", os.environ.get("FLAVOUR"), flush=True)
    if "BROKEN" in os.environ:
        raise SystemExit("no model in the image")
    for own, port in json.loads(os.environ["STANDIN_PORTS"]).items():
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.own = int(own)
        threading.Thread(target=server.serve_forever).start()
"""


def custom_container(**fields: Any) -> CustomContainer:
    routes = {"liveness": Route(8081, "/live"), "readiness": Route(8081, "/ready")}
    return CustomContainer(**{"image": IMAGE, **routes, "scoring": Route(8080, "/v1/predict"), **fields})


@dataclass(frozen=True)
class DockerHost:
    """The folder of the stand-in, and what it was asked."""

    folder: Path

    @property
    def path(self) -> str:
        """PATH with the stand-in first."""
        return f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in (self.folder / "containers").iterdir()]

    def offer(self, image: str, folder: str = "images") -> None:
        """Have an image on the machine, or in the registry."""
        name = image.replace("/", "_").replace(":", "_")
        (self.folder / folder / name).write_text(textwrap.dedent(SERVER))

    def go_down(self) -> None:
        (self.folder / "down").touch()


def docker_host(folder: Path) -> DockerHost:
    for name in ("bin", "images", "registry", "containers"):
        (folder / name).mkdir(parents=True)
    (folder / "calls").touch()
    program = folder / "bin" / "docker"
    script = Path(__file__).with_name("standin_docker.py")
    program.write_text(f'#!/bin/sh\nSTANDIN_DOCKER={folder} exec {sys.executable} -I {script} "$@"\n')
    program.chmod(0o755)
    return DockerHost(folder)
