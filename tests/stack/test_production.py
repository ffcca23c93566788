"""The example `examples/production`: everything on, up and down on the local Azure."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stack.conftest import ROOT, Project, Stack

EXAMPLE = ROOT / "examples" / "production"
GROUP = "rg-azml-production"
CALLERS = "11111111-2222-3333-4444-555555555555"


def config() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLE / "Pulumi.production.yaml").read_text())["config"]
    return found


def test_the_example_is_the_local_project_from_another_folder() -> None:
    """So what the journey shows of it holds for its own folder."""
    ours, local = (yaml.safe_load((place / "Pulumi.yaml").read_text()) for place in (EXAMPLE, ROOT / "local"))
    assert paths(ours) == paths(local)
    assert {key: ours[key] for key in ("name", "backend", "options")} == {
        key: local[key] for key in ("name", "backend", "options")
    }


def paths(project: dict[str, Any]) -> list[Path]:
    """The paths in a project file, as they are from the repository's own folder."""
    rows = [project["main"], project["runtime"]["options"]["virtualenv"]]
    found = [*rows, *(one["path"] for one in project["plugins"]["providers"])]
    return [Path(*(part for part in Path(one).parts if part != "..")) for one in found]


def test_the_prod_file_has_everything_on_that_the_example_has() -> None:
    prod = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    ours = config()
    key = {"purgeProtection", "customerManagedKey"}
    assert prod["azml:workspace"].keys() == ours["azml:workspace"].keys() - key
    assert prod.keys() == {*ours.keys(), "azml:protect"} - {"azml:target", "azure-native:subscriptionId"}


def test_everything_on_goes_up_and_comes_down(project: Project) -> None:
    made = project("production")
    made.settings = config()
    made.settings["azml:endpoints"]["delivery"]["path"] = str(EXAMPLE / "delivery")
    made.name = "delivery-azml-production"
    made.write()
    made.up()
    check_network_and_roles(made)
    assert answer(made) == [32.0]
    made.preview("--expect-no-changes")
    assert made.run("destroy", "--yes", "--skip-preview").code == 0
    groups = made.azure.arm("GET", made.endpoint.partition("/resourceGroups/")[0] + "/resourceGroups")
    assert GROUP not in [one["name"] for one in groups["value"]]


def answer(made: Stack) -> Any:
    """What the endpoint answers to its own sample."""
    sample = json.loads((EXAMPLE / "delivery" / "requests" / "sample.json").read_text())
    uri = made.azure.arm("GET", made.endpoint)["properties"]["scoringUri"]
    bearer = made.azure.token("https://ml.azure.com/.default")
    return made.azure.ask("POST", uri, sample, Authorization=f"Bearer {bearer}")


def check_network_and_roles(made: Stack) -> None:
    """What Azure has, once everything is up."""
    workspace = made.azure.arm("GET", made.endpoint.partition("/onlineEndpoints/")[0])
    network = workspace["properties"]["managedNetwork"]
    assert network["status"]["status"] == "Active"
    assert {"pypi", "pypi-files", "monitor"} < network["outboundRules"].keys()
    assert workspace["identity"]["type"] == "UserAssigned"
    assert workspace["properties"]["encryption"]["status"] == "Enabled"
    callers = made.azure.arm("GET", f"{made.endpoint}/providers/Microsoft.Authorization/roleAssignments")
    assert [one["properties"]["principalId"] for one in callers["value"]] == [CALLERS]
    logs = made.azure.arm("GET", f"{made.endpoint}/providers/Microsoft.Insights/diagnosticSettings")
    assert len(logs["value"][0]["properties"]["logs"]) == 3


@pytest.mark.parametrize("file", ["Pulumi.dev.yaml", "Pulumi.prod.yaml"])
def test_the_environments_are_complete(file: str) -> None:
    """Both say how to name workspace and endpoint, and neither has a secret."""
    text = (ROOT / file).read_text()
    assert {"azml:workspace", "azml:endpoints"} <= yaml.safe_load(text)["config"].keys()
    assert "secure:" not in text
