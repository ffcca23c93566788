"""What a user reads when a file or a setting is wrong: lines, at preview, and nothing else."""

from typing import Any

import pytest
import yaml

from tests.components.graph import build
from tests.stack.conftest import ROOT, Project, Stack
from tests.stack.settings.conftest import engine_config

SLOTS: dict[str, Any] = {"blue": {}, "green": {}}


@pytest.fixture(scope="module")
def unmade(project: Project) -> Stack:
    """A stack that never gets as far as Azure."""
    return project("bad", resourceGroup="rg-bad", name="mlw-bad")


def wrong(stack: Stack, **variables: str) -> list[str]:
    """The lines a preview answers with; checks that they are all there is."""
    done = stack.run("preview", **variables)
    assert done.code != 0
    assert "Traceback" not in done.text
    # The stack itself, and our plugin where it was asked before the fault was found.
    assert "to create" not in done.text.replace("+ 1 to create", "").replace("+ 2 to create", "")
    text = ("azml:", "AZML_", str(stack.folder))
    return [line.strip() for line in done.text.splitlines() if any(word in line for word in text)]


def test_a_local_azure_that_does_not_answer_is_said_with_what_to_do(unmade: Stack) -> None:
    unmade.serve(SLOTS, {"blue": 100})
    done = unmade.run("preview", ARM_METADATA_HOSTNAME="127.0.0.1:1")
    assert done.code != 0
    assert "start it with `azml emulator start`" in done.text
    assert "Traceback" not in done.text


def test_everything_that_should_exist_and_does_not_comes_at_once(project: Project) -> None:
    """With file, line and key; a group that is there and empty is not the group's fault.

    What is said where the group and the workspace are missing, settings/test_live_state.py proves.
    """
    stack = project("missing", resourceGroup={"name": "rg-empty", "existing": True}, name="mlw-missing")
    group = f"{stack.endpoint.partition('/resourceGroups/')[0]}/resourceGroups/rg-empty"
    stack.azure.arm("PUT", group, {"location": "westeurope"})
    parts = ("storageAccount", "keyVault", "logAnalytics", "applicationInsights")
    place = stack.settings["azml:workspace"]
    place |= {part: {"name": f"{part[:3]}missing".lower(), "existing": True} for part in parts}
    stack.serve(SLOTS, {"blue": 100})
    text = (stack.folder / "Pulumi.local.yaml").read_text().splitlines()
    lines = "\n".join(wrong(stack))
    for part in parts:
        line = text.index(f"    {part}:") + 2
        assert f"Pulumi.local.yaml:{line}: azml:workspace.{part}.name: there is no " in lines
    assert "there is no resource group" not in lines


def test_all_faults_of_all_files_come_at_once(unmade: Stack) -> None:
    """Settings, the shell, a deployment file and a scoring script: a line each, with its file and line."""
    unmade.serve(SLOTS, {"blue": 90}, allow_live_changes=True)
    echo, endpoints = unmade.settings["azml:endpoints"]["echo"], unmade.settings["azml:endpoints"]
    for key, traffic, mirror in (
        ("unknown", {"blue": 90, "gren": 10}, {}),
        ("large", {"blue": 100}, {"green": 60}),
        ("live", {"blue": 100}, {"blue": 10}),
    ):
        plain = {name: value for name, value in echo.items() if name != "allow_live_changes"}
        endpoints[key] = {**plain, "name": f"bad-{key}", "traffic": traffic, "mirror_traffic": mirror}
    unmade.write()
    text = (unmade.scoring / "green.yml").read_text()
    (unmade.scoring / "green.yml").write_text(text.replace("instance_count: 1", "instance_count: many"))
    script = (unmade.scoring / "src-blue" / "score.py").read_text()
    (unmade.scoring / "src-blue" / "score.py").write_text("def init(:\n")
    try:
        lines = "\n".join(wrong(unmade, AZML_ALLOW_LIVE_CHANGE="ecko"))
    finally:
        (unmade.scoring / "green.yml").write_text(text)
        (unmade.scoring / "src-blue" / "score.py").write_text(script)
    assert "did you mean 'allow_live_change'?" in lines
    assert "does not name an endpoint of this stack: 'ecko'; did you mean 'echo'?" in lines
    assert "echo.traffic: adds up to 90" in lines
    assert "unknown.traffic.gren: does not name a deployment" in lines
    assert "large.mirror_traffic.green: is 60" in lines
    assert "live.mirror_traffic.blue: has 100 % of the live traffic" in lines
    assert f"{unmade.scoring / 'green.yml'}:7: instance_count" in lines
    assert f"{unmade.scoring / 'src-blue' / 'score.py'}:1" in lines


def test_the_committed_dev_environment_through_the_stand_in(project: Project) -> None:
    """The engine plans for Pulumi.dev.yaml exactly the resources that its graph has under mocks."""
    config = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
    graph = build(engine_config(config), root=ROOT)
    stack = project("dev")
    stack.settings = {**config, "azml:target": "local"}
    stack.write()
    done = stack.run("preview", "--json")
    assert done.code == 0, done.text
    steps = yaml.safe_load(done.text)["steps"]
    planned = sorted(_type_and_name(step["urn"]) for step in steps)
    assert planned == sorted((resource.type, _plain(resource.name)) for resource in graph.resources)


def _type_and_name(urn: str) -> tuple[str, str]:
    kind, name = urn.split("::")[2:]
    return kind.split("$")[-1], _plain(name)


def _plain(name: str) -> str:
    """Without project and stack, which name the stack resource."""
    return "stack" if name in ("azml-dev", "azml-local-local") else name
