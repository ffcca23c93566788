"""The real program on the real engine, against a local Azure of the tests' own."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from azml.toolchain.pulumi import find_or_install
from tests.emulator.supervisor.serving.docker_host import DockerHost, docker_host

ROOT = Path(__file__).parents[2]
GROUP, WORKSPACE = "rg-tests", "mlw-tests"
API_VERSION = "2025-12-01"

SCORE = """\
import os
from pathlib import Path


def init():
    global answer
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    answer = next(path for path in folder.rglob("*.txt")).read_text().strip()


def run(data):
    return [answer]
"""
BROKEN = (
    "def init():\n    raise RuntimeError('the model is not there')\n\n\ndef run(data):\n    return data\n"
)
CONDA = "dependencies:\n- python=3.11\n- pip\n- pip:\n  - azureml-inference-server-http>=1.5.1\n"
DEPLOYMENT = """\
name: {slot}
endpoint_name: any
model: {{path: models/{slot}.txt}}
code_configuration: {{code: {code}, scoring_script: score.py}}
environment: {{image: "mcr.microsoft.com/azureml/minimal:latest", conda_file: conda.yml}}
instance_type: Standard_D2as_v4
instance_count: 1
"""


def scoring_folder(folder: Path) -> None:
    """(Re)make a scoring folder with two slots whose models answer their slot's name."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "models").mkdir(parents=True)
    (folder / "endpoint.yml").write_text("name: any\nauth_mode: key\n")
    (folder / "conda.yml").write_text(CONDA)
    for slot in ("blue", "green"):
        (folder / "models" / f"{slot}.txt").write_text(f"{slot}\n")
        (folder / f"src-{slot}").mkdir()
        (folder / f"src-{slot}" / "score.py").write_text(SCORE)
        (folder / f"{slot}.yml").write_text(DEPLOYMENT.format(slot=slot, code=f"src-{slot}"))


@dataclass(frozen=True)
class Azure:
    """A local Azure that runs, and a client that shares no code with the project's own."""

    folder: Path
    told: Mapping[str, Any]

    def ask(self, method: str, url: str, body: Any = None, **headers: str) -> Any:
        """The JSON answer of one call; an HTTPError when it is refused."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            url, content, {"Content-Type": "application/json", **headers}, method=method
        )
        context = ssl.create_default_context(cafile=self.told["ca"])
        with urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        ).open(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def text(self, method: str, url: str, token: str) -> str:
        """The answer of one call as text."""
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"}, method=method)
        context = ssl.create_default_context(cafile=self.told["ca"])
        with urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        ).open(request, timeout=30) as answer:
            return str(answer.read().decode())

    def own(self, method: str, page: str, body: Any = None) -> Any:
        """One of its own pages."""
        bearer = f"Bearer {self.told['token']}"
        return self.ask(method, f"{self.told['arm']}/_azml/{page}", body, Authorization=bearer)

    def arm(self, method: str, path: str, body: Any = None) -> Any:
        """Azure Resource Manager, signed in as the environment says."""
        url = f"{self.told['arm']}{path}?api-version={API_VERSION}"
        token = self.token(f"{self.told['arm']}/.default")
        return self.ask(method, url, body, Authorization=f"Bearer {token}")

    def token(self, scope: str) -> str:
        """A token of the environment's own identity."""
        told = self.own("GET", "environment")
        form = {
            "grant_type": "client_credentials",
            "client_id": told["ARM_CLIENT_ID"],
            "client_secret": told["ARM_CLIENT_SECRET"],
            "scope": scope,
        }
        login = f"{self.told['arm']}/{told['ARM_TENANT_ID']}/oauth2/v2.0/token"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return str(self.ask("POST", login, urllib.parse.urlencode(form).encode(), **kind)["access_token"])

    def journal(self) -> list[dict[str, Any]]:
        """Every management write so far."""
        entries: list[dict[str, Any]] = self.own("GET", "journal")
        return entries


@dataclass
class Run:
    """One command of the engine: its exit code and all it printed."""

    code: int
    text: str


@dataclass
class Stack:
    """A project folder of its own, the stack `local` in it, and one scoring folder it serves."""

    cli: Path
    azure: Azure
    folder: Path
    name: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def scoring(self) -> Path:
        return self.folder / "echo"

    @property
    def endpoint(self) -> str:
        """The endpoint's path below Azure Resource Manager."""
        subscription = self.azure.own("GET", "environment")["ARM_SUBSCRIPTION_ID"]
        place = self.settings["azml:workspace"]
        return (
            f"/subscriptions/{subscription}/resourceGroups/{place['resourceGroup']}/providers/"
            f"Microsoft.MachineLearningServices/workspaces/{place['name']}/onlineEndpoints/{self.name}"
        )

    def serve(self, deployments: Mapping[str, Any], traffic: Mapping[str, Any], **more: Any) -> None:
        """Write the stack's config: these slots with these shares."""
        own = {"path": str(self.scoring), "name": self.name, "deployments": dict(deployments)}
        self.settings["azml:endpoints"] = {"echo": {**own, "traffic": dict(traffic), **more}}
        self.write()

    def begin(self, deployments: Mapping[str, Any], traffic: Mapping[str, int]) -> None:
        """Bring the endpoint to this state, whatever an earlier test left of it, with pristine files."""
        scoring_folder(self.scoring)
        self.serve(deployments, traffic, allow_live_change=True)
        self.up()
        self.serve(deployments, traffic)

    def write(self) -> None:
        """Write the stack's file."""
        salt = yaml.safe_load((ROOT / "local" / "Pulumi.local.yaml").read_text())["encryptionsalt"]
        text = yaml.safe_dump({"encryptionsalt": salt, "config": self.settings}, sort_keys=False)
        (self.folder / "Pulumi.local.yaml").write_text(text)

    def run(self, *arguments: str, **variables: str) -> Run:
        """Run the CLI as a user in `local/` would, with these `variables` in the shell besides."""
        environment = {**self.environment(), **variables}
        done = subprocess.run(
            [str(self.cli), *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        return Run(done.returncode, done.stdout)

    def environment(self) -> dict[str, str]:
        """The shell of a user who has run the line of `azml emulator env`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "ARM_"))}
        own = {"PULUMI_SKIP_UPDATE_CHECK": "true", "AZML_VENV": sys.prefix}
        return {**kept, **self.azure.own("GET", "environment"), **own}

    def up(self, *arguments: str) -> str:
        """An update that must succeed; its output."""
        done = self.run("up", "--yes", "--skip-preview", *arguments)
        assert done.code == 0, done.text
        return done.text

    def preview(self, *arguments: str) -> str:
        """A preview that must succeed; its output."""
        done = self.run("preview", "--diff", *arguments)
        assert done.code == 0, done.text
        return done.text

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        done = self.run("stack", "output", "--json")
        assert done.code == 0, done.text
        found: dict[str, Any] = json.loads(done.text)
        return found

    def settled(self) -> None:
        """Wait until a write of the endpoint has ended."""
        deadline = time.monotonic() + 60
        while self.azure.arm("GET", self.endpoint)["properties"]["provisioningState"] == "Updating":
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def shares(self) -> dict[str, int]:
        """The shares that are live now."""
        found = self.azure.arm("GET", self.endpoint)["properties"].get("traffic") or {}
        return {name: share for name, share in found.items() if share}

    def predict(self, slot: str | None = None) -> Any:
        """What the endpoint answers, or one of its deployments."""
        found = self.azure.arm("GET", self.endpoint)["properties"]
        if found["authMode"] == "AADToken":
            bearer = self.azure.token("https://ml.azure.com/.default")
        else:
            bearer = self.azure.arm("POST", f"{self.endpoint}/listKeys")["primaryKey"]
        named = {"azureml-model-deployment": slot} if slot else {}
        return self.azure.ask("POST", found["scoringUri"], {}, Authorization=f"Bearer {bearer}", **named)

    def mark(self) -> int:
        """A place in the journal, for `writes`."""
        return len(self.azure.journal())

    def writes(self, since: int) -> list[str]:
        """What was written to this endpoint since `mark`, a line a write, as `PUT blue`."""
        return [text for entry in self.azure.journal()[since:] if (text := self._line(entry))]

    def _line(self, entry: Mapping[str, Any]) -> str | None:
        _, found, rest = entry["path"].partition(f"/onlineEndpoints/{self.name}")
        if not found or entry["method"] not in ("PUT", "PATCH", "DELETE"):
            return None
        status = "" if entry["status"] < 400 else f" -> {entry['status']}"
        if rest.startswith("/deployments/"):
            return f"{entry['method']} {rest.removeprefix('/deployments/')}{status}"
        if entry["method"] != "PUT":
            return f"{entry['method']} endpoint{status}"
        shares = (entry["body"]["properties"].get("traffic") or {}).items()
        return (
            f"PUT endpoint {' '.join(f'{name}={share}' for name, share in sorted(shares))}".rstrip() + status
        )


@pytest.fixture(scope="session")
def cli() -> Path:
    return find_or_install(print)


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> DockerHost:
    """The stand-in for Docker that the local Azure finds."""
    return docker_host(tmp_path_factory.mktemp("docker"))


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory, docker: DockerHost) -> Iterator[Azure]:
    """A local Azure on free ports, with its state in a folder that goes with it."""
    folder = tmp_path_factory.mktemp("azure")
    log = (folder / "log").open("w")
    command = [
        sys.executable,
        "-m",
        "azml.emulator",
        "--folder",
        str(folder / "e"),
        "--port",
        "0",
        "--scoring-port",
        "0",
    ]
    found = {**os.environ, "PATH": docker.path}
    process = subprocess.Popen(command, cwd=ROOT, env=found, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield Azure(folder, _told(folder, process))
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def _told(folder: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            found: dict[str, Any] = json.loads((folder / "e" / "emulator.json").read_text())
            return {**found, "ca": str(folder / "e" / found["ca"])}
        except (FileNotFoundError, ValueError):
            time.sleep(0.05)
    raise AssertionError((folder / "log").read_text())


Project = Callable[..., Stack]


@pytest.fixture(scope="session")
def project(cli: Path, azure: Azure) -> Iterator[Project]:
    """Makes project folders whose program is this clone's, with a state of their own."""
    base = Path(tempfile.mkdtemp(prefix="azml-stack-"))

    def make(name: str, /, **workspace: Any) -> Stack:
        folder = base / name
        (folder / ".state").mkdir(parents=True)
        text = yaml.safe_load((ROOT / "local" / "Pulumi.yaml").read_text())
        text["main"] = f"{ROOT}/"
        text["runtime"]["options"]["virtualenv"] = sys.prefix
        for plugin in text["plugins"]["providers"]:
            plugin["path"] = str((ROOT / "local" / plugin["path"]).resolve())
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(text))
        place = {"resourceGroup": GROUP, "name": WORKSPACE, **workspace}
        stack = Stack(cli, azure, folder, name)
        stack.settings = {
            "azure-native:location": "westeurope",
            "azml:target": "local",
            "azml:workspace": place,
        }
        stack.write()
        scoring_folder(stack.scoring)
        assert stack.run("stack", "init", "local").code == 0
        return stack

    yield make
    shutil.rmtree(base)


@pytest.fixture(scope="session")
def workspace(project: Project) -> Stack:
    """A workspace that is there already, for stacks that only bring an endpoint."""
    stack = project("base")
    stack.up()
    return stack


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, project: Project, workspace: Stack) -> Iterator[Stack]:
    """A stack for the tests of one file, with an endpoint of its own in the tests' workspace.

    Each test says where it begins (`Stack.begin`), so that none leans on the one before.
    """
    made = project(request.module.__name__.rpartition(".")[2].replace("_", "-"), existing=True)
    yield made
    done = made.run("destroy", "--yes", "--skip-preview")
    assert done.code == 0, done.text
