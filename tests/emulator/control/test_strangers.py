"""What somebody learns who reaches the ports and has no credential: another user of the same machine."""

import re
from pathlib import Path

from starlette.routing import Route

from tests.fixtures.control_plane import ENDPOINT, GROUP, WORKSPACE, build_workspace
from tests.fixtures.in_process import InProcessAzure

DOCUMENTS = {
    "/metadata/endpoints",
    "/common/discovery/instance",
    "/{tenant}/v2.0/.well-known/openid-configuration",
    "/{tenant}/.well-known/openid-configuration",
    "/studio",
}
PAGE = Path(__file__).parents[3] / "docs" / "emulator-security.md"


def routes(azure: InProcessAzure) -> list[tuple[str, str]]:
    """Method and path of each route."""
    found = [route for route in azure.control.app.routes if isinstance(route, Route)]
    return [(method, route.path) for route in found for method in route.methods or ()]


def test_without_credentials_only_what_the_page_lists_is_told(inside: InProcessAzure) -> None:
    given = {
        path
        for method, path in routes(inside)
        if inside.send(method, re.sub(r"\{[^}]*\}", "x", path)).status < 400
    }
    assert given == DOCUMENTS
    text = PAGE.read_text().partition("## What another user of the machine can read")[2].partition("\n## ")[0]
    assert all(f"`{path}`" in text for path in DOCUMENTS), "the page names them"


def test_a_refusal_tells_a_stranger_neither_files_nor_what_there_is(inside: InProcessAzure) -> None:
    """The same for what is there and what is not; and what to do is told to whoever has lost the way."""
    build_workspace(inside)
    for there, missing in ((GROUP, f"{GROUP}x"), (WORKSPACE, f"{WORKSPACE}x"), (ENDPOINT, f"{ENDPOINT}x")):
        query = "?api-version=2025-12-01"
        assert inside.send("GET", there + query).raw == inside.send("GET", missing + query).raw
    workspace = inside.arm("GET", WORKSPACE).body["properties"]["workspaceId"]
    for container in (f"azureml-blobstore-{workspace}", "missing"):
        assert inside.send("GET", f"/account1.blob.emulator/{container}/x").status == 401
    for method, path in routes(inside):
        answer = inside.send(method, re.sub(r"\{[^}]*\}", "x", path))
        assert str(inside.folder).encode() not in answer.raw
    said = inside.send("GET", "/_azml/health").body["error"]["message"]
    assert "its owner can read it" in said
    assert "emulator.json" in said
