"""Blob names that are no text."""

import pytest

from azml.emulator.base.identity import issue_token
from tests.fixtures.control_plane import build_assets, build_workspace
from tests.fixtures.in_process import InProcessAzure


@pytest.mark.parametrize("name", ["a%ff", "a%fe", "%c3%28/b", "a%ed%a0%80"])
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_bytes_that_are_not_utf_8_are_refused(inside: InProcessAzure, name: str, method: str) -> None:
    """Decoded loosely, `a%ff` and `a%fe` would be one blob."""
    place = f"/account1.blob.emulator/any/{name}"
    token, _ = issue_token(inside.identity, "https://storage.azure.com")
    headers = {"Authorization": f"Bearer {token}", "x-ms-blob-type": "BlockBlob"}
    answer = inside.send(method, place, b"content", headers)
    assert answer.status == 400
    assert b"<Code>InvalidUri</Code>" in answer.raw


def test_names_of_any_letters_are_kept(inside: InProcessAzure) -> None:
    build_workspace(inside)
    container = build_assets(inside)
    inside.upload(container, "m%C3%BC%20%E2%82%AC%25ff", b"content")
    token, _ = issue_token(inside.identity, "https://storage.azure.com")
    listed = f"/account1.blob.emulator/{container}?restype=container&comp=list&prefix=m%C3%BC"
    answer = inside.send("GET", listed, headers={"Authorization": f"Bearer {token}"})
    assert "<Name>mü €%ff</Name>".encode() in answer.raw
