"""`azml import` of a workspace with twenty endpoints: what it writes, lists, and asks before it writes."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from azml.cli.app import application
from azml.cli.clone import Clone
from azml.cli.commands import import_
from azml.cli.endpoints import endpoints
from azml.cli.importing import workspace
from azml.cli.importing.downloads import Downloads
from azml.cli.local.engine import Engine
from azml.cli.recovery import adopting
from azml.cli.stacks import stacks
from azml.cli.stacks.stacks import Stack
from tests.cli.importing.azure import WS, Kept, deployment, endpoint

STACK = "config:\n  azml:workspace: {resourceGroup: rg, name: ws, existing: true} # theirs\n"
LOCAL = "config:\n  azml:workspace: {resourceGroup: rg, name: local}\n"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in a clone whose stack has a workspace with twenty endpoints; two cannot be taken over."""
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "Pulumi.local.yaml").write_text(LOCAL)
    every = [endpoint(name=f"price-{number}", traffic={"blue": 100}) for number in range(18)]
    every += [endpoint(deployment(state="Failed"), name="price-18"), endpoint(name="x\x1b[2J")]
    arm = SimpleNamespace(get=lambda place, version, query=None: {"value": []})

    def connect(stack: Stack) -> Any:
        return SimpleNamespace(arm=arm, workspace=WS, stack=stack)

    monkeypatch.setattr(import_, "find_clone", lambda: Clone(tmp_path))
    monkeypatch.setattr(stacks, "connect", connect)
    monkeypatch.setattr(endpoints, "read_all", lambda connection: every)
    monkeypatch.setattr(workspace, "_downloads", lambda connection: Downloads(cast(Any, Kept())))
    monkeypatch.setattr(import_, "engine_of", lambda stack: SimpleNamespace(stack=stack.name))
    monkeypatch.setattr(adopting, "prepare", lambda clone, chosen, engine: None)

    def invoke(*options: str) -> Result:
        return CliRunner().invoke(application(["import"]), ["import", "--stack", "dev", *options])

    return invoke


def files(folder: Path) -> set[str]:
    """The files of a clone, without the commands' own."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[0] != ".azml"}


def test_it_shows_what_would_be_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    before = files(tmp_path)
    done = run("--print")
    assert files(tmp_path) == before
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == STACK
    assert done.stdout.count("+    price-") == 18
    assert "price-18: not taken over\n  blue: its state is Failed" in done.stdout
    assert "\nx\\x1b[2J: not taken over\n  its name" in done.stdout
    assert "\x1b" not in done.stdout


def test_it_asks_before_it_writes(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(tmp_path)
    monkeypatch.setattr(adopting, "interactive", lambda: False)
    assert "cannot ask for confirmation" in str(run().exception)
    assert files(tmp_path) == before


def test_all_that_can_be_is_taken_over_and_again_nothing_changes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Engine] = []

    def look(engine: Engine, connection: object) -> tuple[object, list[object]]:
        looks.append(engine)
        return None, []

    monkeypatch.setattr(adopting, "look", look)
    done = run("--yes", "--local")
    assert "2 of 20 endpoints were not taken over" in str(done.exception)
    folders = {path.name for path in (tmp_path / "scoring").iterdir()}
    assert folders == {f"price-{number}" for number in range(18)}
    stack = Stack(Clone(tmp_path), "dev")
    assert len(stack.file.endpoints()) == 18
    assert stack.path.read_text().startswith(STACK), "comments stay"
    assert len(Stack(Clone(tmp_path), "local").file.endpoints()) == 18
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    run("--yes", "--local")
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before
    assert len(looks) == 2
    assert not (tmp_path / ".azml" / "import").exists()


def test_the_local_stack_needs_no_local(run: Run, tmp_path: Path) -> None:
    done = run("--stack", "local", "--local")
    assert "--local is for endpoints of a stack on Azure" in str(done.exception)
