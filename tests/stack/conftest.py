"""The real program on the real engine, against a local Azure of the tests' own."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.docker_host import DockerHost, docker_host
from tests.fixtures.scoring_folder import ANSWERS, write_slots_folder
from tests.fixtures.waiting import eventually
from tests.fixtures.whole_azure import WholeAzure, running

ROOT = Path(__file__).parents[2]
GROUP, WORKSPACE = "rg-tests", "mlw-tests"
API_VERSION = "2025-12-01"

SCORE = ANSWERS.replace("return answer", "return [answer]")


def scoring_folder(folder: Path) -> None:
    """(Re)make a scoring folder with two slots whose models answer their slot's name."""
    write_slots_folder(folder, SCORE)


@dataclass(frozen=True)
class StackAzure:
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
        answer = self.own("GET", "environment")
        form = {
            "grant_type": "client_credentials",
            "client_id": answer["ARM_CLIENT_ID"],
            "client_secret": answer["ARM_CLIENT_SECRET"],
            "scope": scope,
        }
        login = f"{self.told['arm']}/{answer['ARM_TENANT_ID']}/oauth2/v2.0/token"
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
    azure: StackAzure
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
        own = {"PULUMI_STACK": "local", "PULUMI_SKIP_UPDATE_CHECK": "true", "AZML_VENV": sys.prefix}
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

    @property
    def state(self) -> str:
        """The file of the stack's state, with its secrets encrypted."""
        return (self.folder / ".state" / ".pulumi" / "stacks" / "azml-local" / "local.json").read_text()

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state."""
        found: list[dict[str, Any]] = json.loads(self.state)["checkpoint"]["latest"]["resources"]
        return found

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        (stack,) = (one for one in self.resources() if one["type"] == "pulumi:pulumi:Stack")
        found: dict[str, Any] = stack["outputs"]
        return found

    def settled(self) -> None:
        """Wait until a write of the endpoint has ended."""
        eventually(
            lambda: self.azure.arm("GET", self.endpoint)["properties"]["provisioningState"] != "Updating",
            60,
        )

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
def docker(tmp_path_factory: pytest.TempPathFactory) -> DockerHost:
    """The stand-in for Docker that the local Azure finds."""
    return docker_host(tmp_path_factory.mktemp("docker"))


@pytest.fixture(scope="session")
def stack_azure(tmp_path_factory: pytest.TempPathFactory, docker: DockerHost) -> Iterator[StackAzure]:
    """A local Azure on free ports, with its state in a folder that goes with it."""
    folder = tmp_path_factory.mktemp("azure")
    with running(WholeAzure(folder / "e", {"PATH": docker.path})) as whole:
        given = whole.record()
        yield StackAzure(folder, {**given, "ca": str(whole.folder / given["ca"])})


Project = Callable[..., Stack]


@pytest.fixture(scope="session")
def project(pulumi_cli: Path, stack_azure: StackAzure) -> Iterator[Project]:
    """Makes project folders whose program is this clone's, with a state of their own."""
    base = Path(tempfile.mkdtemp(prefix="azml-stack-"))
    new_state = base / "new state"

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
        stack = Stack(pulumi_cli, stack_azure, folder, name)
        stack.settings = {
            "azure-native:location": "westeurope",
            "azml:target": "local",
            "azml:workspace": place,
        }
        stack.write()
        scoring_folder(stack.scoring)
        if not new_state.exists():
            assert stack.run("stack", "init", "local").code == 0
            shutil.copytree(folder / ".state", new_state)
        shutil.copytree(new_state, folder / ".state", dirs_exist_ok=True)
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

    It has one test, a journey. At the end the endpoint stops serving; test_journey.py proves what a destroy
    does.
    """
    made = project(request.module.__name__.rpartition(".")[2].replace("_", "-"), existing=True)
    yield made
    made.azure.arm("DELETE", made.endpoint)
