"""What is there, what is not, and what is in the way: told before anything is declared, all at once."""

from collections.abc import Callable
from typing import Any

import pytest

from azml.findings import Finding, InvalidInput
from azml.stack import standing
from azml.stack.account import Account
from azml.stack.facts import Fact, Held, Standing
from azml.stack.records import Settings
from azml.stack.standing import look

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

    def call(text: str, there: dict[str, Fact], *held: Held) -> dict[str, str]:
        asked: list[Any] = []

        def answer(question: Any, options: Any) -> Standing:
            asked.append(question)
            return Standing(there, held)

        monkeypatch.setattr(standing, "ask_standing", answer)
        settings = read(text=text)
        findings: tuple[Finding, ...] = ()
        try:
            look(settings, ACCOUNT, None)  # type: ignore[arg-type]
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
    told = found(HERE, {})
    assert set(told) == {"azml:workspace.resourceGroup.name", "azml:workspace.name"}
    assert "there is no resource group 'rg'" in told["azml:workspace.resourceGroup.name"]
    assert "there is no workspace 'mlw' in the resource group rg" in told["azml:workspace.name"]
    plain = found(HERE.replace("{name: rg, existing: true}", "rg"), {})
    assert "there is no resource group 'rg'" in plain["azml:workspace.resourceGroup"]
    assert "there is no workspace 'mlw' in the resource group rg" in plain["azml:workspace.name"]


def test_a_workspace_without_a_storage_account_cannot_be_used(found: Callable[..., dict[str, str]]) -> None:
    bare = found(HERE, {GROUP: fact(), WORKSPACE: fact()})
    assert "has no storage account" in bare["azml:workspace.name"]
    gone = found(HERE, {GROUP: fact(), WORKSPACE: fact(storageAccount=STORAGE)})
    assert "is not there" in gone["azml:workspace.name"]


@pytest.mark.parametrize("text", [HERE, OURS])
def test_a_group_on_its_way_out_is_waited_for(found: Callable[..., dict[str, str]], text: str) -> None:
    there = {GROUP: fact("Deleting"), WORKSPACE: fact(storageAccount=STORAGE), STORAGE: fact()}
    (told,) = found(text, there).values()
    assert "is being deleted, with all that is in it; wait until it is gone" in told


def test_a_workspace_on_its_way_out_is_not_used(found: Callable[..., dict[str, str]]) -> None:
    there = {GROUP: fact(), WORKSPACE: fact("Deleting", storageAccount=STORAGE), STORAGE: fact()}
    assert "is being deleted" in found(HERE, there)["azml:workspace.name"]


@pytest.mark.parametrize("protected", [True, False])
def test_a_name_that_is_held_comes_with_the_way_to_free_it(
    found: Callable[..., dict[str, str]], protected: bool
) -> None:
    """But for a vault whose purge Azure refuses: that one can only be recovered, or left."""
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-mine"
    told = found(
        OURS, {}, Held(WORKSPACE, "2026-12-09", "", False), Held(vault, "2027", "westeurope", protected)
    )
    assert f"az rest --method delete --url '{WORKSPACE}?" in told["azml:workspace.name"]
    assert "keeps its name until 2026-12-09" in told["azml:workspace.name"]
    of_vault = told["azml:workspace.keyVault"]
    assert ("az keyvault purge --name kv-mine --location westeurope" in of_vault) is not protected
    assert "az keyvault recover --name kv-mine --location westeurope" in of_vault


def test_a_stack_that_purges_goes_on_but_for_what_is_protected(found: Callable[..., dict[str, str]]) -> None:
    """An interrupted destroy is mended by the next up."""
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-mine"
    text = OURS + "    purge: true\n"
    assert found(text, {}, Held(WORKSPACE, "2026", "", False), Held(vault, "2027", "westeurope", False)) == {}
    assert set(found(text, {}, Held(vault, "2027", "westeurope", True))) == {"azml:workspace.keyVault"}
