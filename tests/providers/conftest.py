"""A small Azure, and stacks of the real engine that talk to it through the plugins."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from azml.azure.arm import Arm
from azml.azure.settings import read_settings
from tests.fixtures.control_plane import ControlPlane, build_workspace, started
from tests.fixtures.small_azure import SmallAzure, World

# A slow machine is no fault of a rule.
settings.register_profile("rules", deadline=None)
settings.load_profile("rules")

CLONE = Path(__file__).resolve().parents[2]
_PROJECT = """\
name: plugins
runtime: python
main: {clone}/tests/providers/programs/stack
plugins:
  providers:
    - name: azml
      path: {clone}/azml/providers/azml/plugin
    - name: azure-native
      version: 3.29.0
      path: {clone}/azml/providers/local_azure/plugin
"""


@pytest.fixture
def small_azure(tmp_path: Path) -> Iterator[SmallAzure]:
    """A small Azure on a port of its own."""
    server = SmallAzure(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def arm(small_azure: SmallAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    """A session with the small Azure."""
    for name, value in small_azure.environment().items():
        monkeypatch.setenv(name, value)
    session = Arm(read_settings())
    yield session
    session.http.close()


@pytest.fixture(scope="module")
def workspace_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with a workspace, for the tests of one file."""
    with started(tmp_path_factory.mktemp("azure")) as azure:
        build_workspace(azure)
        yield azure


@dataclass(frozen=True)
class Stack:
    """A stack of the real engine on the small Azure."""

    pulumi: Path
    folder: Path
    environment: dict[str, str]
    world: World

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI; answers all it wrote. Fails the test unless it ends as expected."""
        result = subprocess.run(
            [self.pulumi, "--non-interactive", "--color=never", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert bool(result.returncode) == fails, result.stdout
        assert "Traceback" not in result.stdout, result.stdout
        return result.stdout

    def configure(self, **settings: Any) -> None:
        """Set values of the program; objects go in as JSON."""
        self.set(**{f"test:{key}": value for key, value in settings.items()})

    def set(self, **config: Any) -> None:
        """Set values that are no secrets, as `pulumi config set` does."""
        file = self.folder / "Pulumi.test.yaml"
        document = yaml.safe_load(file.read_text())
        own = document.setdefault("config", {})
        for key, value in config.items():
            own[key] = value if isinstance(value, str) else json.dumps(value)
        file.write_text(yaml.safe_dump(document))

    def up(self, *arguments: str, fails: bool = False) -> str:
        """`pulumi up` without its preview."""
        return self.run("up", "--yes", "--skip-preview", *arguments, fails=fails)

    def preview(self, *arguments: str, fails: bool = False) -> str:
        """`pulumi preview --diff`."""
        return self.run("preview", "--diff", *arguments, fails=fails)

    def state(self) -> dict[str, Any]:
        """The stack's state by resource name in the program; read as a file, without an engine."""
        resources = json.loads(self._state_file.read_text())["checkpoint"]["latest"].get("resources", [])
        return {resource["urn"].rpartition("::")[2]: resource for resource in resources}

    def forget(self, *names: str) -> None:
        """Take resources out of the state, as `pulumi state delete` would one by one."""
        document = json.loads(self._state_file.read_text())
        latest = document["checkpoint"]["latest"]
        kept = [one for one in latest["resources"] if one["urn"].rpartition("::")[2] not in names]
        assert len(kept) == len(latest["resources"]) - len(names)
        latest["resources"] = kept
        self._state_file.write_text(json.dumps(document))

    @property
    def _state_file(self) -> Path:
        return self.folder / "state" / ".pulumi" / "stacks" / "plugins" / "test.json"


@pytest.fixture
def stack(small_azure: SmallAzure, pulumi_cli: Path, tmp_path: Path) -> Stack:
    """A new stack, of which nothing is made yet."""
    folder = tmp_path / "stack"
    project = folder / "project"
    (project / "state").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text(_PROJECT.format(clone=CLONE))
    stack = Stack(pulumi_cli, project, _environment(pulumi_cli, small_azure, folder), small_azure.world)
    stack.run("stack", "init", "test")
    stack.set(**{"azure-native:location": "westeurope"})
    return stack


def _environment(pulumi: Path, azure: SmallAzure, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        **azure.environment(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'project' / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(CLONE / ".venv"),
    }
