"""Every row of the table: what the SDK sends, what ARM gets, and what comes back."""

import ast
import functools
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml.azure_native import generate, shapes
from azml.azure_native.addresses import parse
from azml.azure_native.sdk import ObjectType, object_type, resource_type
from azml.azure_native.types import BY_TOKEN, ROWS, Row
from azml.engine_values import UNKNOWN
from azml.providers.local_azure.drift import patched
from azml.providers.local_azure.inputs import findings
from azml.providers.local_azure.invokes import ACTIONS
from azml.providers.local_azure.names import address

_NAMES = st.text("abcxyz019-", min_size=1, max_size=8)
_ARM_ROWS = [row for row in ROWS if row.token != "azure-native:storage:Blob"]
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": _NAMES,
    "integer": st.integers(0, 1000),
    "number": st.integers(0, 1000) | st.just(0.5),
    "boolean": st.booleans(),
}


def _value(spec: str, depth: int) -> st.SearchStrategy[Any] | None:
    """Values of a type; None where nothing can be said, or it would go too deep."""
    if spec.startswith(("[]", "{}")):
        inner = _value(spec[2:], depth)
        if inner is None:
            return None
        many: st.SearchStrategy[Any] = st.lists(inner, min_size=1, max_size=2, unique_by=repr)
        return many if spec.startswith("[]") else st.dictionaries(_NAMES, inner, min_size=1, max_size=2)
    names = [part for part in spec.split("|") if ":" in part]
    if names:
        return None if depth == 0 else st.sampled_from(names).flatmap(lambda name: _named(name, depth - 1))
    return _SCALARS.get(spec.split("|", maxsplit=1)[0])


@functools.cache  # what is drawn in each example is built once
def _named(name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    return _object(object_type(name), depth)


def _object(kind: ObjectType, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    fields = {}
    for key, spec in kind.properties.items():
        if key in kind.constants:
            fields[key] = st.just(kind.constants[key])
        elif (values := _value(spec, depth + (key in kind.required))) is not None:
            fields[key] = values
    required = {key: fields.pop(key) for key in [*fields] if key in kind.required or key in kind.constants}
    return st.fixed_dictionaries(required, optional=fields)


@functools.cache
def _inputs(token: str) -> st.SearchStrategy[dict[str, Any]]:
    kind = resource_type(token).inputs
    settled = dict.fromkeys(BY_TOKEN[token].parameters, _NAMES)
    for key in settled.keys() & {"scope", "resourceUri"}:
        settled[key] = st.just("/subscriptions/s/resourceGroups/rg")
    names = st.fixed_dictionaries(settled)
    return st.builds(lambda inputs, given: {**inputs, **given}, _object(kind, 3), names)


@pytest.mark.parametrize("row", _ARM_ROWS, ids=lambda row: row.token.removeprefix("azure-native:"))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_import_of_what_was_written_gives_the_inputs_back(row: Row, data: st.DataObject) -> None:
    """Flattening, renaming, name sets and constants lose nothing on the way there and back."""
    inputs = data.draw(_inputs(row.token))
    kind = resource_type(row.token)
    assert list(findings(kind.inputs, inputs)) == []
    place = address(row.path, "sub", inputs)
    echoed = {**shapes.body(row, kind, inputs), "id": place, "type": "Some/type"}
    back = shapes.projected(kind.inputs, shapes.outputs(row, kind, echoed))
    expected = {key: value for key, value in inputs.items() if key not in row.query}
    # What ARM takes and the SDK does not list among the outputs cannot be imported.
    lost = expected.keys() - kind.outputs.properties.keys() - set(row.parameters)
    assert {**back, **parse(row, place)} == {
        **{key: _sorted_sets(key, value) for key, value in expected.items() if key not in lost},
        **({"id": place} if "id" in back else {}),
    }


def _sorted_sets(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted_sets(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return (
            sorted(value) if key == "userAssignedIdentities" else [_sorted_sets("", item) for item in value]
        )
    return value


@pytest.mark.thorough
def test_the_committed_table_is_what_the_installed_sdk_says() -> None:
    assert generate.OUTPUT.read_text(encoding="utf-8") == generate.written()


@pytest.mark.parametrize("token", [*BY_TOKEN, *ACTIONS])
def test_every_row_and_function_is_one_of_the_sdk(token: str) -> None:
    """As the SDK's package has it: to import one takes up to a second."""
    service, name = token.split(":")[1:]
    package = generate.sdk_folder() / service
    module = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name).removeprefix("_")
    exported = (package / f"{module}.py").read_text(encoding="utf-8").partition("__all__ = [")[2]
    assert f"from .{module} import *\n" in (package / "__init__.py").read_text(encoding="utf-8")
    assert (name if name[0].isupper() else module) in ast.literal_eval(f"[{exported.partition(']')[0]}]")


def _body(token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return shapes.body(BY_TOKEN[token], resource_type(token), inputs)


def test_a_private_endpoint_is_nested_at_every_level() -> None:
    inputs = {
        "resourceGroupName": "rg",
        "privateEndpointName": "pe",
        "location": "westeurope",
        "subnet": {"id": "/subnets/a"},
        "privateLinkServiceConnections": [
            {"name": "c", "privateLinkServiceId": "/ws", "groupIds": ["amlworkspace"]}
        ],
    }
    assert _body("azure-native:network:PrivateEndpoint", inputs) == {
        "location": "westeurope",
        "properties": {
            "subnet": {"id": "/subnets/a", "properties": {}},
            "privateLinkServiceConnections": [
                {"name": "c", "properties": {"privateLinkServiceId": "/ws", "groupIds": ["amlworkspace"]}}
            ],
        },
    }


def test_names_that_differ_between_sdk_and_arm_are_translated() -> None:
    component = {"resourceName": "a", "resourceGroupName": "rg", "kind": "web", "applicationType": "web"}
    account = {
        "accountName": "a",
        "resourceGroupName": "rg",
        "kind": "StorageV2",
        "enableHttpsTrafficOnly": True,
    }
    assert _body("azure-native:applicationinsights:Component", component)["properties"] == {
        "Application_Type": "web"
    }
    assert _body("azure-native:storage:StorageAccount", account) == {
        "kind": "StorageV2",
        "properties": {"supportsHttpsTrafficOnly": True},
    }


def test_identities_are_a_list_here_and_a_map_there() -> None:
    row = BY_TOKEN["azure-native:machinelearningservices:Workspace"]
    inputs = {
        "workspaceName": "w",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": ["/a", "/b"]},
    }
    body = _body(row.token, inputs)
    assert body["identity"]["userAssignedIdentities"] == {"/a": {}, "/b": {}}


def test_a_discriminator_is_filled_in() -> None:
    inputs = {
        "deploymentName": "d",
        "properties": {"endpointComputeType": "Managed", "scaleSettings": {"scaleType": "Default"}},
    }
    body = _body("azure-native:machinelearningservices:OnlineDeployment", inputs)
    assert body["properties"]["scaleSettings"] == {"scaleType": "Default"}
    datastore = {
        "name": "d",
        "properties": {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "None"}},
    }
    assert (
        _body("azure-native:machinelearningservices:Datastore", datastore)["properties"]["datastoreType"]
        == "AzureBlob"
    )


def test_a_preview_knows_what_is_given_and_nothing_else() -> None:
    row = BY_TOKEN["azure-native:machinelearningservices:OnlineEndpoint"]
    inputs = {"endpointName": "e", "location": "x", "properties": {"authMode": "Key"}}
    outputs = shapes.previewed(row, resource_type(row.token), inputs)
    assert outputs["name"] == "e"
    assert outputs["properties"]["authMode"] == "Key"
    assert outputs["properties"]["scoringUri"] == UNKNOWN
    assert outputs["systemData"] == UNKNOWN


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"workspaceNam": "w"}, "unknown property 'workspaceNam': did you mean 'workspaceName'?"),
        (
            {"properties": {"authMode": "Key", "public_network_access": "x"}},
            "unknown property 'public_network_access': did you mean 'publicNetworkAccess'?",
        ),
        ({"properties": {}}, "missing required property 'properties.authMode'"),
        ({"tags": {"a": 1}}, "tags.a must be a string, not 1"),
        ({"identity": "me"}, "identity must be an object, not 'me'"),
        ({"sku": {"name": "a", "capacity": True}}, "sku.capacity must be an integer, not True"),
    ],
)
def test_bad_inputs_are_named(inputs: dict[str, Any], reason: str) -> None:
    sound = {"properties": {"authMode": "Key"}, "resourceGroupName": "rg", "workspaceName": "w"}
    kind = resource_type("azure-native:machinelearningservices:OnlineEndpoint").inputs
    assert [failure.reason for failure in findings(kind, {**sound, **inputs})] == [reason]


_TREES = st.recursive(
    st.integers(0, 3),
    lambda values: st.dictionaries(st.sampled_from("abc"), values, max_size=3),
    max_leaves=6,
)
_FIELDS = st.dictionaries(st.sampled_from("abc"), _TREES, max_size=3)


@given(_FIELDS, _FIELDS)
def test_drift_of_inputs_ends_at_what_is_there_now(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Where all outputs are inputs, a refresh makes the inputs what was found."""
    assert patched(before, before, after) == after


@given(_FIELDS, _FIELDS)
def test_without_drift_the_inputs_stay(inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    """Defaults that the cloud filled in do not become inputs."""
    assert patched(inputs, outputs, outputs) == inputs
