"""What is there, what is not, and what is in the way: told before anything is declared, all at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from azml.findings import Finding, InvalidInput
from azml.stack.account import Account
from azml.stack.checks import live_state
from azml.stack.checks.live_state import read_live_state
from azml.stack.checks.network_findings import one_way_note
from azml.stack.config.managed_network import ManagedNetwork
from azml.stack.config.records import Settings
from azml.stack.facts import Fact, LackedRole, LiveState, ReservedName

Read = Callable[..., Settings]
ACCOUNT = Account("s", "t", "o")
GROUP = "/subscriptions/s/resourceGroups/rg"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
HERE = """\
config:
  azml:workspace:
    resourceGroup: {name: rg, existing: true}
    name: mlw
    existing: true
"""
OURS = """\
config:
  azml:workspace:
    resourceGroup: rg
    name: mlw
    keyVault: kv-mine
"""


@pytest.fixture
def found(read: Read, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """The findings by key, over a stack file and what Azure has; and that the plugin is asked once."""

    def call(
        text: str,
        there: dict[str, Fact],
        *held: ReservedName,
        lacking: Mapping[LackedRole, str] | None = None,
    ) -> dict[str, str]:
        asked: list[Any] = []

        def answer(question: Any, options: Any) -> LiveState:
            asked.append(question)
            return LiveState(there, held, lacking=lacking or {})

        monkeypatch.setattr(live_state, "ask_live_state", answer)
        monkeypatch.setattr(live_state, "ask_quota", lambda *question: None)
        settings = read(text=text)
        findings: tuple[Finding, ...] = ()
        try:
            read_live_state(settings, ACCOUNT, None)  # type: ignore[arg-type]
        except InvalidInput as invalid:
            findings = invalid.findings
        assert len(asked) == 1
        assert all(finding.file and finding.line for finding in findings)
        return {str(finding.key): f"{finding.message}; {finding.remedy}" for finding in findings}

    return call


def fact(state: str = "Succeeded", **properties: object) -> Fact:
    return Fact("westeurope", state, "None", (), properties)


def test_what_is_there_is_no_finding(found: Callable[..., dict[str, str]]) -> None:
    there = {GROUP: fact(), WORKSPACE: fact(storageAccount=STORAGE), STORAGE: fact()}
    assert found(HERE, there) == {}
    assert found(OURS, {}) == {}


def test_all_that_is_missing_comes_at_once(found: Callable[..., dict[str, str]]) -> None:
    given = found(HERE, {})
    assert set(given) == {"azml:workspace.resourceGroup.name", "azml:workspace.name"}
    assert "there is no resource group 'rg'" in given["azml:workspace.resourceGroup.name"]
    assert "there is no workspace 'mlw' in the resource group rg" in given["azml:workspace.name"]
    plain = found(HERE.replace("{name: rg, existing: true}", "rg"), {})
    assert "there is no resource group 'rg'" in plain["azml:workspace.resourceGroup"]
    assert "there is no workspace 'mlw' in the resource group rg" in plain["azml:workspace.name"]


def test_a_workspace_without_a_storage_account_cannot_be_used(found: Callable[..., dict[str, str]]) -> None:
    bare = found(HERE, {GROUP: fact(), WORKSPACE: fact()})
    assert "has no storage account" in bare["azml:workspace.name"]
    gone = found(HERE, {GROUP: fact(), WORKSPACE: fact(storageAccount=STORAGE)})
    assert "is not there" in gone["azml:workspace.name"]


@pytest.mark.parametrize("text", [HERE, OURS])
def test_a_group_on_its_advice_is_waited_for(found: Callable[..., dict[str, str]], text: str) -> None:
    there = {GROUP: fact("Deleting"), WORKSPACE: fact(storageAccount=STORAGE), STORAGE: fact()}
    (given,) = found(text, there).values()
    assert "is being deleted, with all that is in it; wait until it is gone" in given


def test_a_workspace_on_its_advice_is_not_used(found: Callable[..., dict[str, str]]) -> None:
    there = {GROUP: fact(), WORKSPACE: fact("Deleting", storageAccount=STORAGE), STORAGE: fact()}
    assert "is being deleted" in found(HERE, there)["azml:workspace.name"]


@pytest.mark.parametrize("protected", [True, False])
def test_a_name_that_is_held_comes_with_the_way_to_free_it(
    found: Callable[..., dict[str, str]], protected: bool
) -> None:
    """But for a vault whose purge Azure refuses: that one can only be recovered, or left."""
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-mine"
    given = found(
        OURS,
        {},
        ReservedName(WORKSPACE, "2026-12-09", "", False),
        ReservedName(vault, "2027", "westeurope", protected),
    )
    assert f"az rest --method delete --url '{WORKSPACE}?" in given["azml:workspace.name"]
    assert "keeps its name until 2026-12-09" in given["azml:workspace.name"]
    of_vault = given["azml:workspace.keyVault"]
    assert ("az keyvault purge --name kv-mine --location westeurope" in of_vault) is not protected
    assert "az keyvault recover --name kv-mine --location westeurope" in of_vault


def test_a_stack_that_purges_goes_on_but_for_what_is_protected(found: Callable[..., dict[str, str]]) -> None:
    """An interrupted destroy is mended by the next up."""
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-mine"
    text = OURS + "    purge: true\n"
    assert (
        found(
            text,
            {},
            ReservedName(WORKSPACE, "2026", "", False),
            ReservedName(vault, "2027", "westeurope", False),
        )
        == {}
    )
    assert set(found(text, {}, ReservedName(vault, "2027", "westeurope", True))) == {
        "azml:workspace.keyVault"
    }


ROLES = """\
config:
  azml:workspace:
    resourceGroup: rg
    name: mlw
    containerRegistry: {name: crshared, existing: true}
    identity: {name: id-mlw, existing: true}
"""


def test_a_missing_role_is_named_with_its_scope(
    found: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And an existing identity or registry that is not there is told as any other resource."""
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-mlw"
    registry = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/crshared"
    assert set(found(ROLES, {})) == {
        "azml:workspace.containerRegistry.name",
        "azml:workspace.identity.name",
    }
    there = {identity: fact(principalId="p-1"), registry: fact()}
    lacked = {LackedRole(identity, "Contributor", registry): registry}
    (given,) = found(ROLES, there, lacking=lacked).values()
    assert f"'id-mlw' does not have the role 'Contributor' at {registry}" in given
    assert "--assignee-object-id p-1" in given
    assert found(ROLES, there) == {}


PRIVATE = """\
config:
  azml:workspace:
    resourceGroup: {name: rg, existing: true}
    name: mlw
    storageAccount: {name: stshared, existing: true}
    imageBuildCompute: cpu-build
    managedNetwork: {isolation: allowInternetOutbound, kind: V1}
    privateEndpoints:
      subnet: /subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub/subnets/a
"""


def test_existing_parts_have_to_be_in_the_workspaces_region(found: Callable[..., dict[str, str]]) -> None:
    """The stack file names none, so it is that of the existing resource group."""
    storage = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stshared"
    hub = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
    assert "azml:workspace.privateEndpoints.subnet" in found(PRIVATE, {GROUP: fact()})
    there = {GROUP: fact(), storage: fact(), hub: fact()}
    assert found(PRIVATE, there) == {}
    north = replace(fact(), location="North Europe")
    given = found(PRIVATE, {**there, storage: north, hub: north})
    assert set(given) == {"azml:workspace.storageAccount.name", "azml:workspace.privateEndpoints.subnet"}
    assert (
        "is in North Europe, and the workspace will be in westeurope"
        in given["azml:workspace.storageAccount.name"]
    )


def test_a_managed_network_is_never_loosened(found: Callable[..., dict[str, str]]) -> None:
    storage = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stshared"
    hub = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
    live = {"isolationMode": "AllowOnlyApprovedOutbound", "managedNetworkKind": "V2"}
    there = {GROUP: fact(), storage: fact(), hub: fact(), WORKSPACE: fact(managedNetwork=live)}
    given = found(PRIVATE, there)
    assert set(given) == {"azml:workspace.managedNetwork.isolation"}
    assert "cannot be undone" in given["azml:workspace.managedNetwork.isolation"], "the last of the two"


@pytest.mark.parametrize(("live", "warned"), [("V1", True), ("V2", False), (None, True)])
def test_the_change_to_v2_is_told(live: str | None, warned: bool) -> None:
    wanted = ManagedNetwork("allowInternetOutbound", {}, kind="V2")
    network = {"isolationMode": "AllowInternetOutbound", "managedNetworkKind": live}
    assert (one_way_note(wanted, fact(managedNetwork=network)) is not None) is warned
    assert one_way_note(wanted, None) is None, "a new workspace has nothing to lose"


def test_images_need_a_registry_in_an_existing_workspace(found: Callable[..., dict[str, str]]) -> None:
    text = f"""{HERE}
  azml:endpoints:
    echo:
      identity: id-echo
      deployments: {{blue: {{}}}}
"""
    there = {GROUP: fact(), WORKSPACE: fact(storageAccount=STORAGE), STORAGE: fact()}
    assert "has none yet" in found(text, there)["azml:endpoints.echo.identity"]
    registry = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/cr"
    assert found(text, {**there, WORKSPACE: fact(storageAccount=STORAGE, containerRegistry=registry)}) == {}
