"""What exists and an update would create is found by its name, compared, and entered into the state."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from azml.azure.arm import Arm
from azml.cli.app import application
from azml.cli.clone import Clone
from azml.cli.commands import adopt
from azml.cli.failure import InputError
from azml.cli.local.engine import Engine
from azml.cli.recovery import adopting, adoption
from azml.cli.recovery.adoption import Found, Plan
from azml.cli.recovery.unlisted import unlisted
from azml.cli.stacks import engines, stacks
from azml.cli.stacks.stacks import Connection
from azml.served import digest_of_body

GROUP = "/subscriptions/s/resourceGroups/rg"
VAULTS = f"{GROUP}/providers/Microsoft.KeyVault/vaults"
INSIGHTS = f"{GROUP}/providers/Microsoft.Insights/components/appi"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
NATIVE = "urn:pulumi:dev::azml::pulumi:providers:azure-native::default"
STACK = "urn:pulumi:dev::azml::pulumi:pulumi:Stack::azml-dev"
PLUGIN = "urn:pulumi:dev::azml::pulumi:providers:azml::azml"
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/e"
PARENT = "urn:pulumi:dev::azml::azml:components:Workspace::ws"


def planned(kind: str, name: str, inputs: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A resource as a preview has it."""
    return {
        "urn": f"{PARENT}${kind}::{name}",
        "type": kind,
        "custom": True,
        "parent": PARENT,
        "provider": f"{NATIVE}::of-the-preview",
        "inputs": {"resourceGroupName": "rg", **inputs},
        **more,
    }


RESOURCES = [
    planned("azure-native:resources:ResourceGroup", "rg", {"location": "westeurope"}),
    planned(
        "azure-native:keyvault:Vault",
        "kvws",
        {"__createBeforeDelete": True, "vaultName": "kvws00000000", "properties": {"tenantId": "t"}},
    ),
    planned(
        "azure-native:applicationinsights:Component",
        "appi",
        {"resourceName": "appi", "kind": "web"},
        additionalSecretOutputs=["connectionString"],
        dependencies=[f"{PARENT}$azure-native:resources:ResourceGroup::rg", "urn:of:a:role"],
    ),
    planned("azure-native:machinelearningservices:Workspace", "ws", {"workspaceName": "ws"}),
    planned("azure-native:storage:StorageAccount", "st", {"accountName": "st"}),
]
ENTRIES = [
    {"type": "azml:components:Workspace", "name": "ws", "component": True},
    *(
        {"type": one["type"], "name": f"unique {number}", "logicalName": one["urn"].rpartition("::")[2]}
        for number, one in enumerate(RESOURCES)
    ),
]
AZURE = {
    GROUP: {"id": GROUP, "name": "rg", "location": "northeurope"},
    INSIGHTS: {
        "id": INSIGHTS,
        "kind": "web",
        "properties": {"Application_Type": "web", "ConnectionString": "InstrumentationKey=secret"},
    },
    WORKSPACE: {"id": WORKSPACE, "name": "ws", "properties": {"keyVault": f"{VAULTS}/KVWS0123abcd"}},
    VAULTS: {
        "value": [
            {"id": f"{VAULTS}/{name}", "name": name, "properties": {"tenantId": "t", "sku": {}}}
            for name in ("kvws76543210", "kvws0123abcd", "kvwsother")
        ]
    },
}
AZURE[f"{GROUP}/providers/Microsoft.Storage/storageAccounts"] = {"value": []}


def arm(bodies: Mapping[str, Any] = AZURE) -> Arm:
    """An Azure that holds these."""
    return cast(Arm, SimpleNamespace(get=lambda place, _version: bodies.get(place)))


@pytest.fixture
def found() -> dict[str, Found]:
    """What exists, by its name in the program."""
    plan = Plan(tuple(RESOURCES), {}, tuple(ENTRIES))
    return {one.urn.rpartition("::")[2]: one for one in adoption.find(plan, arm(), "s")}


def test_what_exists_is_known_by_its_name_or_by_who_uses_it(found: dict[str, Found]) -> None:
    assert {name: one.id for name, one in found.items()} == {
        "rg": GROUP,
        "appi": INSIGHTS,
        "ws": WORKSPACE,
        "kvws": f"{VAULTS}/kvws0123abcd",
    }
    assert found["rg"].differs == ["location"]
    assert found["kvws"].differs == []
    assert found["kvws"].inputs["vaultName"] == "kvws0123abcd"


def test_of_several_vaults_that_nobody_uses_none_is_taken() -> None:
    alone = {place: body for place, body in AZURE.items() if place != WORKSPACE}
    plan = Plan(tuple(RESOURCES), {}, tuple(ENTRIES))
    assert "kvws" not in [one.urn.rpartition("::")[2] for one in adoption.find(plan, arm(alone), "s")]


def test_the_state_gets_declared_inputs_and_no_secret(found: dict[str, Found]) -> None:
    group = {"urn": found["rg"].urn, "inputs": {"location": "northeurope", "managedBy": "Azure"}}
    around = [{"urn": NATIVE, "id": "real"}, {"urn": PARENT}]
    state = {"version": 3, "deployment": {"resources": [group, *around]}}
    done = adoption.completed(state, [found["rg"], found["appi"]])
    *_, group, insights = done["deployment"]["resources"]
    assert group["inputs"] == {"resourceGroupName": "rg", "location": "northeurope"}
    assert insights["dependencies"] == [group["urn"]]
    assert insights["provider"] == f"{NATIVE}::real"
    assert insights["additionalSecretOutputs"] == ["connectionString"]
    assert "InstrumentationKey" not in json.dumps(done)
    orphaned = {"version": 3, "deployment": {"resources": [{"urn": NATIVE, "id": "real"}]}}
    assert adoption.completed(orphaned, [found["appi"]]) == orphaned, "it would hang below nothing"


GUARDED = {"endpointId": ENDPOINT, "serves": {"blue": {"digest": "d"}}}
OWN = [
    {
        "urn": PLUGIN,
        "type": "pulumi:providers:azml",
        "custom": True,
        "parent": STACK,
        "inputs": {"clientSecret": "[secret]"},
    },
    planned("azml:index:LiveSlots", "e", {}, provider=f"{PLUGIN}::?"),
    planned(
        "azml:index:EndpointTraffic",
        "e",
        {"endpointId": "?", "traffic": {"blue": 90, "green": 10}},
        provider=f"{PLUGIN}::?",
    ),
]
OWN[1]["inputs"] = GUARDED


@pytest.mark.parametrize(
    ("tags", "guarded"), [({"azml-serves": "d"}, True), ({"azml-serves": "x"}, False), ({}, False)]
)
def test_what_our_plugin_notes_is_added_as_azure_has_it(tags: dict[str, str], guarded: bool) -> None:
    shares = {"traffic": {"blue": 100, "green": 0}, "mirrorTraffic": {}}
    endpoint = planned("azure-native:machinelearningservices:OnlineEndpoint", "e", {})
    blue = planned("azure-native:machinelearningservices:OnlineDeployment", "e-blue", {})
    taken = [
        Found(endpoint, {}, ENDPOINT, {"properties": shares}),
        Found(blue, {}, f"{ENDPOINT}/deployments/blue", {"tags": tags}),
    ]
    imported = [{"urn": one.urn, "id": one.id} for one in taken]
    around = [{"urn": STACK}, {"urn": NATIVE, "id": "real"}, {"urn": PARENT}]
    done = adoption.completed({"deployment": {"resources": [*around, *imported]}}, taken, OWN)
    found = {one["urn"].rpartition(":index:")[2]: one for one in done["deployment"]["resources"]}
    plugin = next(one for urn, one in found.items() if urn == PLUGIN)
    assert plugin["inputs"] == {}, "a masked secret is not kept"
    assert ("LiveSlots::e" in found) == guarded
    traffic = found["EndpointTraffic::e"]
    assert traffic["id"] == traffic["inputs"]["endpointId"] == ENDPOINT
    assert traffic["inputs"]["traffic"] == traffic["outputs"]["traffic"] == {"blue": 100}
    assert traffic["provider"] == f"{PLUGIN}::{plugin['id']}"


def test_a_deployment_without_our_tag_says_itself_what_it_serves() -> None:
    blue = f"{ENDPOINT}/deployments/blue"
    body = {"id": blue, "name": "blue", "properties": {"instanceType": "Standard_D2as_v4"}}
    inputs = {
        "deploymentName": "blue",
        "endpointName": "e",
        "workspaceName": "ws",
        "tags": {"azml-serves": digest_of_body(body)},
    }
    state = planned("azure-native:machinelearningservices:OnlineDeployment", "e-blue", inputs)
    entry = {"type": state["type"], "name": "e-blue"}
    (found,) = adoption.find(Plan((state,), {}, (entry,)), arm({blue: body}), "s")
    assert found.differs == []
    assert found.inputs["tags"] == inputs["tags"]


def test_defaults_that_azure_does_not_repeat_are_no_difference() -> None:
    at = {"endpointName": "e", "workspaceName": "ws"}
    declared = {
        ENDPOINT: ("OnlineEndpoint", {"publicNetworkAccess": "Enabled"}),
        f"{ENDPOINT}/deployments/blue": (
            "OnlineDeployment",
            {
                "appInsightsEnabled": False,
                "egressPublicNetworkAccess": "Enabled",
                "dataCollector": {
                    "rollingRate": "Hour",
                    "collections": {"a": {"dataCollectionMode": "Enabled", "samplingRate": 1}},
                },
            },
        ),
    }
    collector = {"rollingRate": None, "collections": {"a": {"dataCollectionMode": "Enabled"}}}
    bodies = {place: {"id": place, "properties": {"dataCollector": collector}} for place in declared}
    states = [
        planned(
            f"azure-native:machinelearningservices:{kind}",
            kind,
            {**at, **({"deploymentName": "blue"} if kind == "OnlineDeployment" else {}), "properties": item},
        )
        for kind, item in declared.values()
    ]
    entries = [{"type": one["type"], "name": one["urn"].rpartition("::")[2]} for one in states]
    found = adoption.find(Plan(tuple(states), {}, tuple(entries)), arm(bodies), "s")
    assert [one.differs for one in found] == [[], []]
    assert [one.inputs["properties"] for one in found] == [item for _, item in declared.values()]


def test_what_lies_in_another_region_is_refused(found: dict[str, Found]) -> None:
    with pytest.raises(InputError, match="ResourceGroup rg is in northeurope"):
        adopting.require_in_place(list(found.values()))
    adopting.require_in_place([found["kvws"]])


class Told:
    """An engine that answers from a table and keeps what it was asked."""

    def __init__(self, answers: Callable[[tuple[str, ...]], Any]) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._answers = answers

    def quiet(self, _engine: Engine, *arguments: str) -> str:
        self.asked.append(arguments)
        return json.dumps(self._answers(arguments))


def answers(arguments: tuple[str, ...]) -> Any:
    match arguments[:2]:
        case ("stack", "ls"):
            return [{"name": "organization/azml/dev"}]
        case ("preview", _):
            file = Path(arguments[arguments.index("--import-file") + 1])
            file.write_text(json.dumps({"nameTable": {}, "resources": ENTRIES}))
            steps = [{"op": "create", "newState": one} for one in RESOURCES[1:]]
            return {"steps": [*steps, {"op": "same", "newState": RESOURCES[0]}]}
        case ("stack", "export"):
            return {"version": 3, "deployment": {"resources": []}}
    return None


@pytest.mark.parametrize(("typed", "options"), [("y\n", []), ("n\n", []), ("", ["--yes"]), ("", [])])
def test_azml_adopt_shows_what_it_found_and_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, options: list[str]
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {azml:endpoints: {echo: {path: echo}}}\n")
    clone, answer = Clone(tmp_path), Told(answers)
    workspace = stacks.WorkspaceName("s", "rg", "ws")
    chosen = stacks.Stack(clone, "dev")
    connection = SimpleNamespace(arm=arm(), workspace=workspace, stack=chosen)
    monkeypatch.setattr(adopt, "find_clone", lambda: clone)
    monkeypatch.setattr(engines, "find_pulumi", lambda: tmp_path / "pulumi")
    monkeypatch.setattr(stacks, "connect", lambda _: connection)
    monkeypatch.setattr(Engine, "quiet", lambda engine, *arguments: answer.quiet(engine, *arguments))
    monkeypatch.setattr(adopting, "interactive", lambda: bool(typed))
    ran = CliRunner().invoke(application(["adopt"]), ["adopt", "--stack", "dev", *options], input=typed)
    imported = [arguments for arguments in answer.asked if arguments[0] == "import"]
    assert "keyvault:Vault kvws0123abcd: as declared" in ran.output
    assert "StorageAccount" not in ran.output
    assert bool(imported) == (typed == "y\n" or bool(options))
    assert [one.name for one in tmp_path.joinpath(".azml").iterdir()] == ["azml.lock"]


def connection(tmp_path: Path, settings: str, bodies: Mapping[str, Any]) -> Connection:
    """A connection to an Azure with these resources, by the settings of a stack file."""
    (tmp_path / "Pulumi.dev.yaml").write_text(settings)
    made = SimpleNamespace(
        arm=arm(bodies),
        workspace=stacks.WorkspaceName("s", "rg", "ws"),
        stack=stacks.Stack(Clone(tmp_path), "dev"),
    )
    return cast(Connection, made)


MADE = "config: {azml:workspace: {resourceGroup: rg, name: ws}}\n"
EXISTING = "config: {azml:workspace: {resourceGroup: rg, name: ws, existing: true}}\n"


def test_only_what_the_stack_makes_and_does_not_list_is_unlisted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azml.cli.endpoints.endpoints.read_all", lambda _: [])
    names = ["rg", "ws", "kvws76543210", "kvws0123abcd", "kvwsother"]
    assert unlisted(connection(tmp_path, MADE, AZURE), []) == names
    assert unlisted(connection(tmp_path, MADE, AZURE), RESOURCES) == []
    assert unlisted(connection(tmp_path, EXISTING, AZURE), []) == []
