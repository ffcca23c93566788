"""The stand-in for azure-native under the real engine: the whole life of a stack."""

import copy
import json

from tests.fixtures.small_azure import Fault, SmallAzure
from tests.providers.conftest import Stack

_WORKSPACE = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg"
    "/providers/microsoft.machinelearningservices/workspaces/mlw"
)
_ENDPOINT = f"{_WORKSPACE}/onlineendpoints/diabetes"


def test_a_stack_lives_and_leaves_nothing_behind(stack: Stack, small_azure: SmallAzure) -> None:
    """Preview with unknowns, up, no-op, in-place update, drift shown and mended, destroy."""
    stack.configure(slots={"blue": "m1"}, traffic={"blue": 100}, blob=True)
    planned = stack.preview()
    assert "scoring: [unknown]" in planned
    assert small_azure.world.journal == []
    assert "+ 12 created" in stack.up()
    outputs = json.loads(stack.run("stack", "output", "--json"))
    assert outputs["scoring"] == f"https://{small_azure.host}/westeurope/diabetes/score"
    assert outputs["keys"] == "[secret]"

    written = len(small_azure.world.journal)
    stack.preview("--expect-no-changes")
    assert "12 unchanged" in stack.up()
    assert all(path.endswith("/listkeys") for _, path, _, _ in small_azure.world.journal[written:])

    stack.configure(description="second")
    assert '~ description: "first" => "second"' in stack.preview()
    assert "~ 2 updated" in stack.up()
    assert small_azure.world.resources[_ENDPOINT]["properties"]["description"] == "second"

    small_azure.world.resources[f"{_ENDPOINT}/deployments/blue"]["sku"]["capacity"] = 3
    assert "~ capacity: 1 => 3" in stack.run("refresh", "--preview-only", "--diff")
    stack.run("refresh", "--yes", "--skip-preview")
    assert stack.state()["blue"]["inputs"]["sku"]["capacity"] == 3
    assert "~ capacity: 3 => 1" in stack.preview()
    stack.up()
    assert small_azure.world.resources[f"{_ENDPOINT}/deployments/blue"]["sku"]["capacity"] == 1

    stack.run("destroy", "--yes", "--skip-preview")
    assert small_azure.world.resources == {}
    assert small_azure.world.blobs == {}


def test_a_blob_holds_what_its_source_holds(stack: Stack, small_azure: SmallAzure) -> None:
    stack.configure(slots={}, blob=True)
    stack.up()
    blobs = {path.rpartition("/")[2]: content for path, (content, _) in small_azure.world.blobs.items()}
    assert blobs["text.txt"] == b"hello"
    assert blobs["file.txt"].startswith(b'"""A workspace')
    assert blobs["tree.zip"].startswith(b"PK")
    small_azure.world.blobs.pop(next(path for path in small_azure.world.blobs if path.endswith("text.txt")))
    assert "- 1 to delete" in stack.run("refresh", "--preview-only")
    assert "+ 1 created" in stack.up("--refresh")
    stack.run("state", "delete", "--yes", "urn:pulumi:test::plugins::azure-native:storage:Blob::text.txt")
    assert "cannot create already existing resource" in stack.up(fails=True), "Azure's plugin reads first"


def test_a_change_of_the_address_replaces_what_lies_below_it(stack: Stack, small_azure: SmallAzure) -> None:
    """The old is deleted first, because its name is fixed; so do those who depend on it."""
    stack.configure(slots={})
    stack.up()
    stack.configure(workspace="mlw2")
    assert 'workspaceName    : "mlw" => "mlw2"' in stack.preview()
    stack.up()
    journal = [
        line for line in small_azure.world.writes(r"/workspaces/") if "diabetes 2" in line or "mlw" in line
    ]
    order = [line.rpartition(" 2")[0] for line in journal if "{" not in line]
    assert order.index("DELETE diabetes") < order.index("DELETE mlw") < order.index("PUT mlw2")
    assert _ENDPOINT not in small_azure.world.resources


def test_a_secret_is_encrypted_wherever_the_cloud_echoes_it(stack: Stack, small_azure: SmallAzure) -> None:
    stack.run("config", "set", "--secret", "test:note", "hush-hush")
    stack.configure(slots={})
    shown = stack.up()
    assert small_azure.world.resources[_ENDPOINT]["properties"]["properties"]["note"] == "hush-hush"
    stack.run("refresh", "--yes", "--skip-preview")
    assert "hush-hush" not in shown + json.dumps(stack.state())
    assert "ciphertext" in json.dumps(stack.state()["endpoint"]["outputs"])


def test_what_failed_after_it_was_accepted_is_mended_by_the_next_up(
    stack: Stack, small_azure: SmallAzure
) -> None:
    """The failed deployment stays in the state, its reason is shown, and a correction updates it."""
    stack.configure(slots={"blue": "broken"}, traffic={"blue": 100})
    shown = stack.up(fails=True)
    assert "init() failed: KeyError('x')" in shown
    assert stack.state()["blue"]["initErrors"]
    assert "traffic" not in stack.state()
    stack.run("refresh", "--yes", "--skip-preview")
    assert "initErrors" not in stack.state()["blue"], "a refresh forgets them, as azure-native's does"
    stack.configure(slots={"blue": "m2"})
    stack.up()
    assert "initErrors" not in stack.state()["blue"]
    assert small_azure.world.writes("deployments/blue") == ["PUT blue 201", "PUT blue 200"]
    assert small_azure.world.resources[_ENDPOINT]["properties"]["traffic"] == {"blue": 100}


def test_a_refused_write_names_the_reason_and_is_not_in_the_state(
    stack: Stack, small_azure: SmallAzure
) -> None:
    stack.configure(slots={"blue": "m1"})
    small_azure.world.faults.append(Fault("PUT", "deployments/blue", 400, "QuotaExceeded"))
    assert "QuotaExceeded: as asked" in stack.up(fails=True)
    assert "blue" not in stack.state()
    stack.up()


def test_a_type_without_a_row_is_a_clear_error(stack: Stack) -> None:
    stack.configure(slots={}, unknown=True)
    shown = stack.preview(fails=True)
    assert "the local Azure has no azure-native:compute:VirtualMachine" in shown
    assert "machinelearningservices:OnlineEndpoint" in shown


def test_an_endpoint_that_exists_is_refused_then_imported(stack: Stack, small_azure: SmallAzure) -> None:
    stack.configure(slots={})
    stack.up()
    existing = copy.deepcopy(small_azure.world.resources[_ENDPOINT])
    stack.run("state", "delete", "--yes", "urn:pulumi:test::plugins::azml:index:EndpointTraffic::traffic")
    stack.run("state", "delete", "--yes", "urn:pulumi:test::plugins::azml:index:LiveSlots::guard")
    kind = "azure-native:machinelearningservices:OnlineEndpoint"
    stack.run("state", "delete", "--yes", f"urn:pulumi:test::plugins::{kind}::endpoint")
    assert "cannot create already existing resource" in stack.up(fails=True)
    stack.run("import", kind, "endpoint", existing["id"], "--yes", "--protect=false", "--generate-code=false")
    inputs = stack.state()["endpoint"]["inputs"]
    assert inputs["endpointName"] == "diabetes"
    assert inputs["properties"]["authMode"] == "Key"
    assert "scoringUri" not in inputs["properties"]
    stack.up()
    assert small_azure.world.resources[_ENDPOINT]["properties"]["description"] == "first"


def test_the_stand_in_reaches_nothing_that_is_not_on_this_machine(stack: Stack) -> None:
    stack.configure(slots={})
    stack.environment["ARM_METADATA_HOSTNAME"] = "management.azure.com"
    assert "management.azure.com is not on this machine" in stack.preview(fails=True)
    del stack.environment["ARM_METADATA_HOSTNAME"]
    assert "run `azml emulator start`" in stack.preview(fails=True)
    stack.environment["ARM_METADATA_HOSTNAME"] = "127.0.0.1:9"
    assert "the local Azure does not answer at https://127.0.0.1:9" in stack.up(fails=True)


def test_both_plugins_are_who_the_stack_configuration_says(stack: Stack, small_azure: SmallAzure) -> None:
    """Without a single ARM_ variable: azure-native's own settings, a secret among them, reach both."""
    settings = small_azure.environment()
    for key, variable in {
        "metadataHost": "ARM_METADATA_HOSTNAME",
        "subscriptionId": "ARM_SUBSCRIPTION_ID",
        "tenantId": "ARM_TENANT_ID",
        "clientId": "ARM_CLIENT_ID",
    }.items():
        stack.run("config", "set", f"azure-native:{key}", settings[variable])
    stack.run("config", "set", "--secret", "azure-native:clientSecret", settings["ARM_CLIENT_SECRET"])
    for name in [name for name in stack.environment if name.startswith("ARM_")]:
        del stack.environment[name]
    stack.configure(slots={"blue": "m1"}, traffic={"blue": 100})
    stack.up()
    assert small_azure.world.resources[_ENDPOINT]["properties"]["traffic"] == {"blue": 100}
    assert settings["ARM_CLIENT_SECRET"] not in json.dumps(stack.state())
