"""Each look can fail: on an Azure that takes every write, or on one that refuses every write."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from azml.azure.arm import Arm
from azml.azure.cloud import PUBLIC
from azml.azure.errors import AzureError
from azml.azure.http import Response
from tests.journeys import bodies, fronts, lives, plugin, readings, registries, storage, truth
from tests.journeys.azure import Azure, Run
from tests.journeys.removal import remove_group
from tests.journeys.truth import Assume

PAGE = truth.PAGE.read_text()
INLINE = {"native-4", "read-2", "read-4"}
"""Looked at by the journeys themselves, between two commands."""
STATE = [{"urn": "urn::look", "inputs": {"resourceName": "own"}, "outputs": {}}]


def usage(limit: int) -> dict[str, Any]:
    """A row of usages of the family that the look at quota asks for."""
    name = "Standard DASv4 Family Cluster Dedicated vCPUs"
    return {"id": f"/subscriptions/s/usages/{name}", "name": {"value": name}, "limit": limit}


def document() -> dict[str, Any]:
    """A resource in which nothing is as it is assumed; its ids are others each time it is read."""
    own = {"team": "risk", "count": 1, "flag": True}
    return {
        "id": "/x",
        "location": "elsewhere",
        "identity": {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"},
        "keys": [{"value": base64.b64encode(b"key").decode()}],
        "primaryKey": "k",
        "value": [usage(10)],
        "properties": {
            "authMode": "Key",
            "customerId": str(uuid.uuid4()),
            "workspaceId": str(uuid.uuid4()),
            "principalId": "p",
            "environmentVariables": {"GREETING": "hello"},
            "primaryEndpoints": {"blob": "https://a.blob.example/"},
            "properties": own,
            "provisioningState": "Succeeded",
            "scoringUri": f"https://{uuid.uuid4()}/score",
            "storageAccount": "/account",
        },
    }


class Odd(Azure):
    """An Azure, not local, that takes every request."""

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        version: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Response:
        given = document()
        if path.endswith(("roleAssignments", "values", "vmSizes")):
            given["value"] = []
        return Response(200, {}, json.dumps(given).encode())

    write = ask

    def failure(self, started: Response) -> str:
        return ""

    def http(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"", *, signed: bool = False
    ) -> Response:
        return Response(200)

    def score(self, url: str, headers: Sequence[tuple[str, str]]) -> Response:
        return Response(200)

    def until(
        self, ask: Callable[[], Response], held: Callable[[Response], bool], minutes: float
    ) -> Response:
        return ask()

    def claims(self) -> dict[str, Any]:
        return {"oid": "p", "tid": "t"}

    @contextmanager
    def policy(self, name: str, value: str) -> Iterator[None]:
        yield

    def pulumi_in(self, project: Path, *arguments: str, **variables: str) -> Run:
        return Run(int(arguments[0] == "destroy"), "{}")

    def state(self, project: Path | None = None) -> list[dict[str, Any]]:
        return STATE


class Stern(Odd):
    """One that lets everything be read and nothing be written."""

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        version: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Response:
        if method == "GET" or path.endswith(("listKeys", "/listkeys")):
            return super().ask(method, path, body, version, query)
        refusal = {**document(), "error": {"code": "Odd", "message": "no"}}
        return Response(418, {}, json.dumps(refusal).encode())

    write = ask

    def http(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"", *, signed: bool = False
    ) -> Response:
        return Response(418)


def looks(azure: Azure, assume: Assume) -> None:
    """All of them, as the journeys have them."""
    readings.look_at_additions(azure, assume)
    readings.look_at_statuses(azure, assume)
    readings.look_at_fixed_members(azure, assume)
    readings.look_at_tags(azure, assume)
    readings.look_at_roles_alone(azure, assume, Run(1, "refused"))
    bodies.look_at_bodies(azure, assume)
    bodies.look_at_leniency(azure, assume)
    bodies.look_at_assets(azure, assume)
    given = storage.look_at_storage(azure, assume)
    storage.close_storage(azure, assume, given)
    plugin.look_at_azure_native(azure, assume)
    plugin.look_at_a_failed_write(assume, STATE, "/deployments/blue")
    lives.look_at_a_deleted_workspace(azure, assume)
    lives.look_at_a_deleted_vault(azure, assume)
    lives.look_at_deleted_logs(azure, assume)
    registries.look_at_a_registry(azure, assume)
    lives.look_at_quota(azure, assume, document())
    fronts.look_at_the_front(azure, assume)


def odd(kind: type[Odd], clone: Path) -> Odd:
    """An Azure of a kind."""
    (clone / "Pulumi.yaml").write_text("name: azml\n")
    return kind("s", "westeurope", "rg", "mlw-00000000", "e", str(clone), "verify", {})


def test_each_look_finds_an_azure_that_is_otherwise(tmp_path: Path) -> None:
    """Every row of the page is looked at so, but for those that say why not."""
    false: set[str] = set()
    for kind in (Odd, Stern):
        assume = Assume(truth.assumptions(PAGE), None, strict=False)
        looks(odd(kind, tmp_path), assume)
        false |= {one.id for one in assume.seen if one.held is False}
    assert not {*truth.reasons(PAGE)} & false
    every = set(truth.assumptions(PAGE)) - set(truth.reasons(PAGE)) - INLINE
    assert every - false == set()


def test_a_look_that_ends_early_is_no_end_of_the_journey() -> None:
    """What was seen stays; of the rest the report says why not. On the local Azure it is a failure."""
    assume = Assume({"a-1": "so", "a-2": "so"}, None, strict=False)
    with assume.about("a-1", "a-2"):
        assume("a-1", True, "yes")
        raise AzureError("gone")
    assert [(one.id, one.held) for one in assume.seen] == [("a-1", True), ("a-2", None)]
    assert "AzureError: gone" in assume.seen[1].saw
    strict = Assume({"a-1": "so"}, None, strict=True)
    with pytest.raises(AzureError), strict.about("a-1"):
        raise AzureError("gone")
    with pytest.raises(AssertionError, match="a-1: so But: no"):
        strict("a-1", False, "no")


def test_a_quota_that_is_too_large_is_not_tried(tmp_path: Path) -> None:
    """Nothing is asked for that Azure might then make."""

    class Rich(Odd):
        def ask(self, method: str, *arguments: Any, **more: Any) -> Response:
            assert method == "GET"
            body = {"value": [usage(500)]}
            return Response(200, {}, json.dumps(body).encode())

        write = ask

    assume = Assume(truth.assumptions(PAGE), None, strict=False)
    lives.look_at_quota(odd(Rich, tmp_path), assume, document())
    assert [(one.id, one.held) for one in assume.seen] == [("life-16", None)]


def test_on_azure_the_policy_is_the_built_in_one_and_ends_with_the_look(tmp_path: Path) -> None:
    arm = mock.create_autospec(Arm, instance=True)

    real = Azure("s", "westeurope", "rg", "mlw-0", "e", str(tmp_path), "verify", {})
    real.__dict__["arm"] = arm
    with real.policy("costCenter", "42"):
        place, version, body = arm.put.call_args.args
    assert place == f"{real.group_id}/providers/Microsoft.Authorization/policyAssignments/azml-verify"
    assert body["properties"]["parameters"] == {
        "tagName": {"value": "costCenter"},
        "tagValue": {"value": "42"},
    }
    arm.delete.assert_called_once_with(place, version)


def test_a_workspace_at_work_is_deleted_once_it_is_done_and_deleted_vaults_are_purged() -> None:
    """As after Ctrl-C: the workspace was being made, and a journey had deleted a vault of its own."""
    arm = mock.create_autospec(Arm, instance=True)
    arm.cloud = PUBLIC
    own = {"id": "/deleted/own", "properties": {"vaultId": "/subscriptions/s/resourceGroups/RG/vaults/own"}}
    other = {
        "id": "/deleted/other",
        "properties": {"vaultId": "/subscriptions/s/resourceGroups/rg2/vaults/o"},
    }
    arm.get.side_effect = [{"value": [{"id": "/w"}]}, {"value": [own, other]}, None]
    arm.delete.side_effect = [AzureError("at work", status=409), None, None]
    remove_group(arm, "/subscriptions/s/resourceGroups/rg")
    assert [call.args[0] for call in arm.delete.call_args_list] == [
        "/w",
        "/w",
        "/subscriptions/s/resourceGroups/rg",
    ]
    assert arm.delete.call_args_list[1].args[2] == {"forceToPurge": "true"}
    assert [call.args[0] for call in arm.post.call_args_list] == ["/deleted/own/purge"]
    assert arm.pause.call_count == 1


def test_what_could_not_be_removed_is_not_called_removed() -> None:
    arm = mock.create_autospec(Arm, instance=True)
    arm.get.side_effect = [{"value": []}, {"value": []}, {"id": "still"}]
    with pytest.raises(AzureError, match="there again"):
        remove_group(arm, "/subscriptions/s/resourceGroups/rg")
