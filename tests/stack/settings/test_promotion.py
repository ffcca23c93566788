"""The registry that versions come through: read, and whatever would keep deployments from it is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azml.findings import InvalidInput
from azml.roles import READER
from azml.stack.account import Account
from azml.stack.checks import live_state
from azml.stack.checks.identities import asked_roles
from azml.stack.checks.live_state import read_live_state
from azml.stack.facts import Fact, LiveState
from tests.stack.settings.conftest import DEPLOYMENT, Findings, Read, endpoint, only

GROUP = "/subscriptions/s/resourceGroups/rg-shared"
REGISTRY = f"{GROUP}/providers/Microsoft.MachineLearningServices/registries/mlr-shared"
SETTING = {"registry": REGISTRY}
MODEL = "model: azureml://registries/mlr-shared/models/echo/versions/1"
PRIVATE = {"privateEndpoint": REGISTRY, "subresource": "amlregistry"}
ACCOUNT = Account("s", "t", "o")


@pytest.fixture
def promoted(folder: Path) -> Path:
    """The endpoint's deployment names a model of the registry."""
    file = folder / "scoring" / "echo" / "deployment.yml"
    file.write_text(DEPLOYMENT.replace("model: azureml:echo:1", MODEL))
    return file


def test_an_identity_may_read_the_registry_that_its_deployments_use(read: Read, promoted: Path) -> None:
    given = read(promotion=SETTING).endpoints[0].access.roles
    assert [(one.role, one.scope) for one in given] == [(READER, REGISTRY)]
    by_hand = [{"role": READER, "scope": REGISTRY.upper().replace("/SUBSCRIPTIONS", "/subscriptions")}]
    assert len(read(promotion=SETTING, endpoints=endpoint(roles=by_hand)).endpoints[0].access.roles) == 1
    existing = endpoint(identity={"name": "id-echo", "existing": True})
    settings = read(promotion=SETTING, endpoints=existing, workspace=_with_registry())
    assert [(one.role, one.scope) for one in asked_roles(settings, ACCOUNT)] == [(READER, REGISTRY)]
    (promoted.parent / "endpoint.yml").write_text("name: echo\nauth_mode: key\nidentity: {type: none}\n")
    assert read(promotion=SETTING).endpoints[0].access.roles == ()


def test_without_the_registry_in_use_nobody_gets_a_role(read: Read) -> None:
    settings = read(promotion=SETTING)
    assert settings.promotion and settings.promotion.name == "mlr-shared"
    assert settings.endpoints[0].access.roles == ()
    assert read().promotion is None


@pytest.mark.parametrize(
    ("setting", "key", "said"),
    [
        ("mlr-shared", "azml:promotion", "is a text"),
        ({}, "azml:promotion.registry", "is missing"),
        ({"registry": "mlr-shared"}, "azml:promotion.registry", "is not the ARM id of an Azure ML registry"),
        (
            {"registry": REGISTRY.replace("MachineLearningServices", "ContainerRegistry")},
            "azml:promotion.registry",
            "is not the ARM id of an Azure ML registry",
        ),
        ({**SETTING, "name": "x"}, "azml:promotion.name", "is not a setting"),
    ],
)
def test_a_faulty_setting_is_told_with_its_key(findings: Findings, setting: Any, key: str, said: str) -> None:
    found = only(findings(promotion=setting))
    assert (found.key, said in found.message) == (key, True)


def test_a_network_that_approves_every_advice_needs_one_to_the_registry(
    read: Read, findings: Findings
) -> None:
    def place(**outbound: Any) -> dict[str, Any]:
        network = {"isolation": "allowOnlyApprovedOutbound", "outbound": outbound}
        return {"resourceGroup": "rg", "name": "mlw", "managedNetwork": network}

    found = only(findings(promotion=SETTING, workspace=place(pypi={"fqdn": "pypi.org"})))
    assert found.key == "azml:promotion.registry"
    assert f"registry: {{privateEndpoint: {REGISTRY}, subresource: amlregistry}}" in found.remedy
    assert read(promotion=SETTING, workspace=place(registry=PRIVATE)).promotion
    open_ = {**place(), "managedNetwork": {"isolation": "allowInternetOutbound"}}
    assert read(promotion=SETTING, workspace=open_).promotion


def test_a_registry_that_is_not_there_or_elsewhere_is_told_at_preview(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = Fact("westeurope", "", "None", (), {"regionDetails": [{"location": "North Europe"}]})
    workspace = "/subscriptions/s/resourceGroups/rg-azml-dev/providers/Microsoft.MachineLearningServices"
    there = {f"{workspace}/workspaces/mlw-azml-dev": replace(fact, properties={})}
    inside = replace(fact, properties={"regionDetails": [{"location": "West Europe"}]})
    settings = read(promotion=SETTING)
    monkeypatch.setattr(live_state, "ask_quota", lambda *question: None)
    for found, said in (
        (there, "there is no Azure ML registry 'mlr-shared' in the resource group rg-shared"),
        ({**there, REGISTRY: fact}, "'mlr-shared' is in North Europe, and the workspace is in westeurope"),
        ({**there, REGISTRY: inside}, None),
    ):
        monkeypatch.setattr(live_state, "ask_live_state", lambda *_, found=found: LiveState(found))
        if said is None:
            read_live_state(settings, ACCOUNT, None)  # type: ignore[arg-type]
            continue
        with pytest.raises(InvalidInput, match=said) as raised:
            read_live_state(settings, ACCOUNT, None)  # type: ignore[arg-type]
        (finding,) = raised.value.findings
        assert finding.key == "azml:promotion.registry"
        assert "let the stack create it" not in finding.remedy


def _with_registry() -> dict[str, Any]:
    return {"resourceGroup": "rg", "name": "mlw", "containerRegistry": "crmlw"}
