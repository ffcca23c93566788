"""Microsoft's inference server over one of the sample's deployments, on a unix socket of its own."""

import http.client
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.supervisor.environments.environments import Environment
from azml.emulator.supervisor.serving.launch import launch_of

SAMPLE = Path(__file__).parents[2] / "scoring" / "diabetes"
START_LIMIT = 120  # seconds; mlflow takes up to 18 on a busy machine


@dataclass(frozen=True)
class Server:
    """A running server. `answer` sends it one request."""

    address: Path

    def answer(self, body: bytes) -> tuple[int, str]:
        """POST /score; the status and the text that came back."""
        return self._ask("POST", "/score", body)

    def predict(self, request: object) -> object:
        """The JSON answer to a JSON request, which must be taken."""
        status, text = self.answer(json.dumps(request).encode())
        assert status == 200, text
        return json.loads(text)

    def is_ready(self) -> bool:
        """Whether the script's init() is through."""
        try:
            return self._ask("GET", "/", b"")[0] == 200
        except OSError:
            return False

    def _ask(self, method: str, path: str, body: bytes) -> tuple[int, str]:
        connection = http.client.HTTPConnection("localhost", timeout=30)
        try:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self.address))
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


@contextmanager
def serve(deployment: DesiredDeployment, environment: Environment) -> Iterator[Server]:
    """Start the server as the local Azure starts it, wait until it is ready, stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="azml") as folder:
        server = Server(Path(folder) / "socket")
        log = Path(folder) / "log"
        launch = launch_of(deployment, environment, server.address)
        with log.open("wb") as output:
            process = subprocess.Popen(
                launch.command,
                cwd=launch.folder,
                env=launch.variables,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not server.is_ready():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
