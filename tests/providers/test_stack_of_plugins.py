"""The stand-in for azure-native under the real engine: the whole life of a stack."""

import json

import pytest

from tests.fixtures.small_azure import Fault, SmallAzure
from tests.providers.conftest import Stack

_WORKSPACE = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg"
    "/providers/microsoft.machinelearningservices/workspaces/mlw"
)
_ENDPOINT = f"{_WORKSPACE}/onlineendpoints/diabetes"
_SETTINGS = {
    "metadataHost": "ARM_METADATA_HOSTNAME",
    "subscriptionId": "ARM_SUBSCRIPTION_ID",
    "tenantId": "ARM_TENANT_ID",
    "clientId": "ARM_CLIENT_ID",
}
_ENDPOINT_TYPE = "azure-native:machinelearningservices:OnlineEndpoint"


@pytest.mark.timeout(600)
def test_a_stack_lives_and_leaves_nothing_behind(stack: Stack, small_azure: SmallAzure) -> None:
    """One stack's journey: each step begins where the one before has left it."""
    both_plugins_are_who_the_stack_configuration_says(stack, small_azure)
    what_is_not_on_this_machine_is_not_reached(stack)
    a_preview_shows_what_is_unknown_and_writes_nothing(stack, small_azure)
    everything_is_made(stack, small_azure)
    nothing_changes_by_itself(stack, small_azure)
    a_refused_write_and_one_that_failed_later_name_their_reasons(stack, small_azure)
    a_refresh_takes_in_what_has_drifted(stack, small_azure)
    what_drifted_or_failed_is_mended_by_the_next_up(stack, small_azure)
    a_change_of_the_address_replaces_what_lies_below_it(stack, small_azure)
    what_exists_is_refused_then_imported(stack, small_azure)
    nothing_is_left(stack, small_azure)


def both_plugins_are_who_the_stack_configuration_says(stack: Stack, azure: SmallAzure) -> None:
    """Without a single ARM_ variable: azure-native's own settings, a secret among them, reach both."""
    settings = azure.environment()
    stack.set(**{f"azure-native:{key}": settings[variable] for key, variable in _SETTINGS.items()})
    stack.run("config", "set", "--secret", "azure-native:clientSecret", settings["ARM_CLIENT_SECRET"])
    for name in [name for name in stack.environment if name.startswith("ARM_")]:
        del stack.environment[name]


def what_is_not_on_this_machine_is_not_reached(stack: Stack) -> None:
    """What else the stand-in refuses, test_local_azure_refusals.py proves without an engine."""
    file = stack.folder / "Pulumi.test.yaml"
    local = file.read_text()
    stack.configure(slots={})
    stack.set(**{"azure-native:metadataHost": "management.azure.com"})
    assert "management.azure.com is not on this machine" in stack.preview(fails=True)
    file.write_text(local)


def a_preview_shows_what_is_unknown_and_writes_nothing(stack: Stack, azure: SmallAzure) -> None:
    stack.configure(slots={"blue": "m1"}, traffic={"blue": 100}, blob=True)
    assert "scoring: [unknown]" in stack.preview()
    assert azure.world.journal == []


def everything_is_made(stack: Stack, azure: SmallAzure) -> None:
    shown = stack.up()
    assert "+ 13 created" in shown, "the provider of our own plugin among them, for it is told who it is"
    outputs = json.loads(stack.run("stack", "output", "--json"))
    assert outputs["scoring"] == f"https://{azure.host}/westeurope/diabetes/score"
    assert outputs["keys"] == "[secret]"
    endpoint = azure.world.resources[_ENDPOINT]["properties"]
    assert endpoint["traffic"] == {"blue": 100}
    assert azure.environment()["ARM_CLIENT_SECRET"] not in json.dumps(stack.state())
    blobs = {path.rpartition("/")[2]: content for path, (content, _) in azure.world.blobs.items()}
    assert blobs["text.txt"] == b"hello"
    assert blobs["file.txt"].startswith(b'"""A workspace')
    assert blobs["tree.zip"].startswith(b"PK")


def nothing_changes_by_itself(stack: Stack, azure: SmallAzure) -> None:
    written = len(azure.world.journal)
    assert "13 unchanged" in stack.up("--expect-no-changes")
    assert all(path.endswith("/listkeys") for _, path, _, _ in azure.world.journal[written:])


def a_refused_write_and_one_that_failed_later_name_their_reasons(stack: Stack, azure: SmallAzure) -> None:
    """The refused one is not in the state; the one that failed once it was accepted is, with its error.

    The endpoint is given a secret in the same update.
    """
    stack.run("config", "set", "--secret", "test:note", "hush-hush")
    azure.world.faults.append(Fault("PUT", "deployments/red", 400, "QuotaExceeded"))
    stack.configure(slots={"blue": "m1", "green": "broken", "red": "m1"}, traffic={"blue": 50, "green": 50})
    shown = stack.up("--refresh", "--continue-on-error", fails=True)
    assert "hush-hush" not in shown
    assert "QuotaExceeded: as asked" in shown
    assert "init() failed: KeyError('x')" in shown
    state = stack.state()
    assert "red" not in state
    assert state["green"]["initErrors"]
    endpoint = azure.world.resources[_ENDPOINT]["properties"]
    assert (endpoint["traffic"], endpoint["properties"]["note"]) == ({"blue": 100}, "hush-hush")


def a_refresh_takes_in_what_has_drifted(stack: Stack, azure: SmallAzure) -> None:
    azure.world.resources[f"{_ENDPOINT}/deployments/blue"]["sku"]["capacity"] = 3
    azure.world.blobs.pop(next(path for path in azure.world.blobs if path.endswith("text.txt")))
    shown = stack.run("refresh", "--yes", "--skip-preview", "--diff")
    assert "~ capacity: 1 => 3" in shown
    assert "- 1 deleted" in shown
    state = stack.state()
    assert state["blue"]["inputs"]["sku"]["capacity"] == 3
    assert "initErrors" not in state["green"], "a refresh forgets them, as azure-native's does"
    assert "hush-hush" not in shown + json.dumps(state)
    assert "ciphertext" in json.dumps(state["endpoint"]["outputs"]), "wherever the cloud echoes a secret"


def what_drifted_or_failed_is_mended_by_the_next_up(stack: Stack, azure: SmallAzure) -> None:
    stack.configure(slots={"blue": "m1", "green": "m2", "red": "m1"}, description="second")
    done = stack.up("--diff")
    assert "~ capacity: 3 => 1" in done
    assert '~ description: "first" => "second"' in done
    assert "+ 2 created" in done, "the blob and red"
    assert "~ 5 updated" in done, "blue, green, the endpoint, its guard and its shares"
    assert azure.world.resources[f"{_ENDPOINT}/deployments/blue"]["sku"]["capacity"] == 1
    assert any(path.endswith("text.txt") for path in azure.world.blobs)
    assert "initErrors" not in stack.state()["green"]
    assert azure.world.writes("deployments/green") == ["PUT green 201", "PUT green 200"]
    endpoint = azure.world.resources[_ENDPOINT]["properties"]
    assert (endpoint["description"], endpoint["traffic"]) == ("second", {"blue": 50, "green": 50})


def a_change_of_the_address_replaces_what_lies_below_it(stack: Stack, azure: SmallAzure) -> None:
    """The old is deleted first, because its name is fixed; so do those who depend on it."""
    azure.world.journal.clear()
    stack.configure(slots={}, traffic=None, workspace="mlw2")
    assert 'workspaceName    : "mlw" => "mlw2"' in stack.up("--diff")
    journal = [line for line in azure.world.writes(r"/workspaces/") if "diabetes 2" in line or "mlw" in line]
    order = [line.rpartition(" 2")[0] for line in journal if "{" not in line]
    assert order.index("DELETE diabetes") < order.index("DELETE mlw") < order.index("PUT mlw2")
    assert _ENDPOINT not in azure.world.resources


def what_exists_is_refused_then_imported(stack: Stack, azure: SmallAzure) -> None:
    existing = azure.world.resources[_ENDPOINT.replace("/mlw/", "/mlw2/")]
    stack.forget("traffic", "guard", "endpoint", "text.txt")
    refused = stack.up("--continue-on-error", fails=True)
    for name in ("onlineEndpoints/diabetes", "text.txt"):
        assert f"{name}" in refused, name
    assert refused.count("cannot create already existing resource") >= 2, "Azure's plugin reads first"

    named = (_ENDPOINT_TYPE, "endpoint", existing["id"])
    stack.run("import", *named, "--yes", "--protect=false", "--generate-code=false")
    inputs = stack.state()["endpoint"]["inputs"]
    assert inputs["endpointName"] == "diabetes"
    assert inputs["properties"]["authMode"] == "Key"
    assert "scoringUri" not in inputs["properties"]
    azure.world.blobs.pop(next(path for path in azure.world.blobs if path.endswith("text.txt")))
    stack.up()
    (found,) = [body for path, body in azure.world.resources.items() if path.endswith("/diabetes")]
    assert found["properties"]["description"] == "second"


def nothing_is_left(stack: Stack, azure: SmallAzure) -> None:
    stack.run("destroy", "--yes", "--skip-preview")
    assert azure.world.resources == {}
    assert azure.world.blobs == {}
