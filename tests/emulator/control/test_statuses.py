"""Statuses and headers of writes: what Microsoft's clients accept, and what its description names."""

import re

import pytest

from azml.emulator.control.arm.ids import RESOURCE_GROUPS
from azml.emulator.control.arm.types import ResourceType
from azml.emulator.control.coverage.page import control_of_nobody
from tests.emulator.control.accepted import accepted
from tests.fixtures.control_plane import ENDPOINT, WORKSPACE, ControlPlane

with control_of_nobody() as _control:
    TYPES = {kind.name: kind for kind in _control.parts.service.types}


def path_of(kind: str) -> str:
    """The path of a type as `accepted` writes paths."""
    if kind.lower() == RESOURCE_GROUPS:
        return "/subscriptions/{}/resourcegroups/{}"
    namespace, *parts = kind.lower().split("/")
    below = "/".join(f"{part}/{'default' if part == 'blobservices' else '{}'}" for part in parts)
    above = "/{}" if parts == ["roleassignments"] else "/subscriptions/{}/resourcegroups/{}"
    return f"{above}/providers/{namespace}/{below}"


def statuses(kind: ResourceType) -> dict[str, set[int]]:
    """What a type's writes are answered with when they are taken."""
    return {
        "PUT": {200, kind.created},
        "PATCH": {202 if kind.asynchronous else 200},
        "DELETE": {204, 200 if kind.deleted_at_once else 202},
    }


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_status_of_a_write_is_one_that_the_clients_accept(name: str) -> None:
    known = {method: accepted().get((method, path_of(name))) for method in ("PUT", "PATCH", "DELETE")}
    if not any(known.values()):
        pytest.skip("no client that is installed knows the type")
    answered = statuses(TYPES[name])
    if name.lower() == RESOURCE_GROUPS:
        answered["DELETE"] = {202}
    wrong = {method: answered[method] - taken for method, taken in known.items() if taken is not None}
    assert not any(wrong.values()), wrong


def test_the_headers_of_an_operation_are_those_of_the_description(workspace: ControlPlane) -> None:
    """A PUT names the operation alone; other writes a location, and when to ask again."""
    tags = workspace.arm("PATCH", ENDPOINT, {"tags": {"a": "b"}})
    workspace.done(tags)
    keys = workspace.arm("POST", f"{ENDPOINT}/regenerateKeys", {"keyType": "Primary"})
    workspace.done(keys)
    body = {name: workspace.arm("GET", ENDPOINT).body[name] for name in ("location", "properties")}
    put = workspace.arm("PUT", ENDPOINT, body)
    workspace.done(put)
    deleted = workspace.arm("DELETE", ENDPOINT)
    workspace.done(deleted)
    for answer in (tags, keys, put, deleted):
        assert re.fullmatch(r"PT\d+H", answer.headers["x-ms-async-operation-timeout"])
        assert "azure-asyncoperation" in answer.headers
    for answer in (tags, keys, deleted):
        assert int(answer.headers["retry-after"]) > 0
        assert "location" in answer.headers
    assert not {"retry-after", "location"} & {*put.headers}


def test_a_workspace_is_never_created(workspace: ControlPlane) -> None:
    """The client of 2025-12-01 takes 200 and 202: 201 is an error to it."""
    body = {name: workspace.arm("GET", WORKSPACE).body[name] for name in ("location", "properties")}
    assert workspace.arm("PUT", WORKSPACE.replace("ws1", "ws2"), body).status == 200
