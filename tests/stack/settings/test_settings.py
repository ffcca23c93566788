"""What the stack config may say, and what a user reads when it says something else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from azml.findings import Finding
from azml.stack.config.records import Settings
from tests.stack.settings.conftest import endpoint, only

Read = Callable[..., Settings]
Findings = Callable[..., tuple[Finding, ...]]


def test_a_small_config_becomes_records(read: Read) -> None:
    settings = read()
    assert settings.target == "azure"
    assert (settings.workspace.resource_group, settings.workspace.name) == ("rg-azml-dev", "mlw-azml-dev")
    (served,) = settings.endpoints
    assert served.spec.name == "echo"
    assert [slot.name for slot in served.slots] == ["blue"]
    assert served.traffic == {"blue": 100}


def test_an_unknown_setting_gets_the_likely_one(findings: Findings) -> None:
    finding = only(findings(endpoint={"echo": {}}))
    assert (finding.key, finding.remedy) == ("azml:endpoint", "did you mean 'endpoints'?")


def test_every_fault_is_told_at_once(findings: Findings) -> None:
    """A wrong type, a bad name, a missing folder and a sum: one run, four findings."""
    found = findings(
        workspace={"resourceGroup": "rg-azml-dev", "name": "a b"},
        endpoints={"gone": {}, "echo": {"deployments": {"blue": {}}, "traffic": {"blue": 90}}},
        protect="yes",
    )
    assert {finding.key for finding in found} == {
        "azml:workspace.name",
        "azml:endpoints.gone",
        "azml:endpoints.echo.traffic",
        "azml:protect",
    }


def test_a_finding_names_file_and_line(findings: Findings, folder: Path) -> None:
    text = """\
config:
  azml:workspace: {resourceGroup: rg, name: mlw}
  azml:endpoints:
    echo:
      deployments:
        blue: {}
      traffic:
        blue: 60
        green: 40
"""
    finding = only(findings(text=text))
    assert (finding.file, finding.line) == (folder / "Pulumi.dev.yaml", 9)
    assert finding.key == "azml:endpoints.echo.traffic.green"
    assert finding.remedy == "declared: blue"


def test_a_slot_written_twice_is_refused(findings: Findings) -> None:
    text = """\
config:
  azml:workspace: {resourceGroup: rg, name: mlw}
  azml:endpoints:
    echo:
      deployments:
        blue: {}
        blue: {}
"""
    finding = only(findings(text=text))
    assert (finding.key, finding.line) == ("azml:endpoints.echo.deployments.blue", 7)
    assert finding.message == "is written twice, first on line 6"


@pytest.mark.parametrize("value", ["text", 3, ["a"], None])
def test_a_workspace_that_is_no_mapping(findings: Findings, value: object) -> None:
    assert "azml:workspace" in {finding.key for finding in findings(workspace=value)}


def test_existing_resources_one_by_one_or_all(read: Read) -> None:
    base = {"resourceGroup": "rg", "name": "mlw"}
    everything = read(workspace={**base, "existing": True}).workspace
    assert everything.existing
    assert everything.existing_resource_group
    vault = {"name": "kv-shared", "existing": True, "resourceGroup": "rg-shared"}
    one = read(workspace={**base, "keyVault": vault}).workspace
    assert (one.existing, one.key_vault.existing, one.key_vault.resource_group) == (False, True, "rg-shared")
    assert not one.storage_account.existing


def test_an_existing_resource_needs_its_name(findings: Findings) -> None:
    workspace = {"resourceGroup": "rg", "name": "mlw", "keyVault": {"existing": True}}
    assert only(findings(workspace=workspace)).key == "azml:workspace.keyVault.name"


@pytest.mark.parametrize("existing", [True, False])
def test_a_resource_group_needs_its_name(findings: Findings, existing: bool) -> None:
    workspace = {"resourceGroup": {"existing": existing}, "name": "mlw"}
    assert only(findings(workspace=workspace)).key == "azml:workspace.resourceGroup.name"


def test_a_resource_of_our_own_lies_in_the_workspace_s_group(findings: Findings) -> None:
    """Another group would be left out of account without a word."""
    store = {"name": "stshared", "resourceGroup": "rg-shared"}
    workspace = {"resourceGroup": {"name": "rg", "resourceGroup": "rg-two"}, "name": "mlw"}
    first, second = findings(workspace={**workspace, "storageAccount": store})
    assert (first.key, first.message) == ("azml:workspace.resourceGroup.resourceGroup", "is not a setting")
    assert second.key == "azml:workspace.storageAccount.resourceGroup"


@pytest.mark.parametrize("key", ["publicNetworkAccess", "sharedKeys", "storageAccount"])
def test_an_existing_workspace_is_used_as_it_stands(findings: Findings, key: str) -> None:
    """A workspace that should be private must not stay public without a word."""
    values = {"publicNetworkAccess": False, "sharedKeys": False, "storageAccount": "stshared"}
    workspace = {"resourceGroup": "rg", "name": "mlw", "existing": True, key: values[key]}
    assert only(findings(workspace=workspace)).key == f"azml:workspace.{key}"


def test_protect_reaches_every_endpoint_that_does_not_say_otherwise(read: Read) -> None:
    assert read(protect=True).endpoints[0].protect
    assert not read(protect=True, endpoints=endpoint(protect=False)).endpoints[0].protect


def test_unchanged_text_keys_are_texts(read: Read) -> None:
    """`pulumi config set azml:studioUrl 8080` hands over the text 8080."""
    assert read(studioUrl="8080").studio_url == "8080"


@pytest.mark.parametrize(
    ("value", "message"),
    [("cost", "is a text ('cost')"), (["cost", 1], "has a number (1) at place 2"), ([""], "has a text ('')")],
)
def test_tags_of_policies_are_a_list_of_names(findings: Findings, value: object, message: str) -> None:
    finding = only(findings(policyTags=value))
    assert finding.key == "azml:policyTags"
    assert finding.message.startswith(message)


def test_names_are_not_purged_where_they_are_protected_or_not_the_stacks(findings: Findings) -> None:
    place = {"resourceGroup": "rg-azml-dev", "name": "mlw-azml-dev", "purge": True}
    finding = only(findings(workspace=place, protect=True))
    assert (finding.key, finding.message) == (
        "azml:workspace.purge",
        "is true in a stack that is protected (azml:protect)",
    )
    finding = only(findings(workspace={**place, "existing": True}))
    assert finding.key == "azml:workspace.purge"
    assert "leave it out" in finding.remedy
