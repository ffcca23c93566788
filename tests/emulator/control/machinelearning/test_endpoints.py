"""Endpoints: names, authentication, keys and tokens."""

from urllib.parse import urlsplit

import pytest

from azml.emulator.base.identity import is_valid
from tests.fixtures.control_plane import (
    ENDPOINT,
    GROUP,
    WORKSPACE,
    Answer,
    ControlPlane,
    build_workspace,
    endpoint_body,
)


def test_an_endpoint_shows_its_addresses_and_never_its_keys(workspace: ControlPlane) -> None:
    shown = workspace.arm("GET", ENDPOINT).body
    assert shown["properties"]["scoringUri"] == "https://127.0.0.1:9/westeurope/diabetes/score"
    assert shown["properties"]["swaggerUri"] == "https://127.0.0.1:9/westeurope/diabetes/swagger.json"
    assert shown["type"] == "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    keys = workspace.arm("POST", f"{ENDPOINT}/listKeys").body
    assert not any(key in str(shown) for key in keys.values())
    assert workspace.dataplane.endpoints[ENDPOINT.lower()]["bearers"] == list(keys.values())


def test_ids_are_found_whatever_their_case(workspace: ControlPlane) -> None:
    found = workspace.arm("GET", ENDPOINT.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
    assert (found.status, found.body["id"]) == (200, ENDPOINT)


def test_a_new_key_reaches_the_router_and_ignores_the_old_one_in_the_body(workspace: ControlPlane) -> None:
    before = workspace.arm("POST", f"{ENDPOINT}/listKeys").body
    asked = {"keyType": "Primary", "keyValue": before["primaryKey"]}
    answer = workspace.arm("POST", f"{ENDPOINT}/regenerateKeys", asked)
    assert (answer.status, answer.raw) == (202, b"")
    workspace.done(answer)
    after = workspace.arm("POST", f"{ENDPOINT}/listKeys").body
    assert after["primaryKey"] != before["primaryKey"]
    assert after["secondaryKey"] == before["secondaryKey"]
    assert after["primaryKey"] in workspace.dataplane.endpoints[ENDPOINT.lower()]["bearers"]
    assert before["primaryKey"] not in str(workspace.own("GET", "journal").body)


def test_keys_given_at_creation_are_used_and_an_update_keeps_them(azure: ControlPlane) -> None:
    build_workspace(azure)
    keys = {"primaryKey": "first-key", "secondaryKey": "second-key"}
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body(keys=keys)))
    azure.done(azure.arm("PUT", ENDPOINT, {**endpoint_body(), "tags": {"changed": "yes"}}))
    assert azure.arm("POST", f"{ENDPOINT}/listKeys").body == keys
    assert "first-key" not in azure.arm("GET", ENDPOINT).raw.decode()
    assert "first-key" not in str(azure.own("GET", "journal").body)


def test_a_token_opens_an_endpoint_of_mode_aml_token_only(azure: ControlPlane) -> None:
    build_workspace(azure)
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body(authMode="AMLToken")))
    token = azure.arm("POST", f"{ENDPOINT}/token").body
    asked = azure.dataplane.endpoints[ENDPOINT.lower()]
    assert is_valid(token["accessToken"], asked["token_secret"])
    assert (asked["bearers"], token["tokenType"]) == ([], "Bearer")
    assert azure.arm("POST", f"{ENDPOINT}/listKeys").status == 400


@pytest.mark.parametrize("name", ["ab", "a" * 33, "1abc", "ab--c", "abc-", "ab_c", "ab.c"])
def test_a_name_azure_would_refuse_is_refused(azure: ControlPlane, name: str) -> None:
    build_workspace(azure)
    refused = azure.arm("PUT", f"{WORKSPACE}/onlineEndpoints/{name}", endpoint_body())
    assert (refused.status, refused.code) == (400, "InvalidName")


def test_a_name_is_taken_for_the_whole_region(workspace: ControlPlane) -> None:
    other = WORKSPACE.replace("ws1", "ws2")
    stands_on = workspace.arm("GET", WORKSPACE).body["properties"]
    asked = {name: stands_on[name] for name in ("storageAccount", "keyVault")}
    workspace.done(workspace.arm("PUT", other, {"location": "westeurope", "properties": asked}))
    refused = workspace.arm("PUT", f"{other}/onlineEndpoints/Diabetes", endpoint_body())
    assert (refused.status, refused.code) == (409, "EndpointNameInUse")


def test_the_authentication_mode_is_needed_and_stays(workspace: ControlPlane) -> None:
    other = f"{WORKSPACE}/onlineEndpoints/other"
    assert workspace.arm("PUT", other, {"location": "westeurope", "properties": {}}).status == 400
    assert workspace.arm("PUT", ENDPOINT, endpoint_body(authMode="AMLToken")).status == 400


USER = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/user1"


def test_what_an_endpoint_was_made_with_stays(azure: ControlPlane) -> None:
    """Properties can be added; what Azure adds itself may be left out, or sent back as it was."""
    build_workspace(azure)
    azure.done(azure.arm("PUT", USER, {"location": "westeurope"}))
    assigned = {"type": "UserAssigned", "userAssignedIdentities": {USER: {}}}

    def put(identity: object = {"type": "SystemAssigned"}, **properties: object) -> Answer:
        values = {"authMode": "Key", "description": "says", "properties": {"team": "red"}, **properties}
        body = {"location": "westeurope", "identity": identity, "properties": values}
        return azure.arm("PUT", ENDPOINT, body)

    azure.done(put())
    azure.done(put(properties={"team": "red", "more": "keys"}))
    azure.done(put(properties={"team": "red", "more": "keys", "createdBy": "me"}, traffic={}))
    azure.done(put(properties={"team": "red", "more": "keys"}))
    refused = {
        "IdentityImmutable": [put(assigned), put({"type": "None"})],
        "DescriptionImmutable": [put(description="says more", properties={"team": "red", "more": "keys"})],
        "PropertiesImmutable": [put(), put(properties={"team": "blue", "more": "keys"})],
    }
    for code, answers in refused.items():
        assert [(answer.status, answer.code) for answer in answers] == [(400, code)] * len(answers)
    assert azure.arm("PATCH", ENDPOINT, {"identity": assigned}).code == "IdentityImmutable"
    azure.done(azure.arm("PATCH", ENDPOINT, {"tags": {"team": "a"}, "identity": {"type": "SystemAssigned"}}))


def test_a_patch_changes_tags_and_nothing_else(workspace: ControlPlane) -> None:
    begun = workspace.arm("PATCH", ENDPOINT, {"tags": {"team": "a"}})
    assert (begun.status, begun.raw) == (202, b"")
    workspace.done(begun)
    result = workspace.arm("GET", urlsplit(begun.headers["location"]).path)
    assert (result.status, result.body["tags"]) == (200, {"team": "a"})
    assert workspace.arm("GET", ENDPOINT).body["tags"] == {"team": "a"}
    assert workspace.arm("PATCH", ENDPOINT, {"properties": {"traffic": {}}}).status == 400
