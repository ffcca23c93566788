"""The blob service, spoken to by the real azure-storage-blob client and by requests that mean harm."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceExistsError
from azure.storage.blob import (
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    ContentSettings,
    generate_blob_sas,
    generate_container_sas,
)

from azml.emulator.base.identity import issue_token
from tests.fixtures.control_plane import ACCOUNT, Answer, ControlPlane, build_workspace
from tests.fixtures.in_process import InProcessAzure

Blobs = tuple[ControlPlane, BlobServiceClient, str]
NAME = "account1"


@pytest.fixture
def blobs(azure: ControlPlane) -> Iterator[Blobs]:
    """The account, a client that signs with its key, and the key."""
    build_workspace(azure)
    key = azure.arm("POST", f"{ACCOUNT}/listKeys").body["keys"][0]["value"]
    url = azure.arm("GET", ACCOUNT).body["properties"]["primaryEndpoints"]["blob"]
    credential = {"account_name": NAME, "account_key": key}
    with BlobServiceClient(
        url, credential=credential, connection_verify=str(azure.folder / "ca.pem"), retry_total=0
    ) as client:
        yield azure, client, key


def contents(azure: ControlPlane) -> list[Path]:
    return [path for path in (azure.folder / "blobs").rglob("*") if path.is_file()]


def test_a_blob_comes_back_as_it_went_in_whole_and_in_part(blobs: Blobs) -> None:
    container = blobs[1].create_container("things")
    data = os.urandom(100_000)
    settings = ContentSettings(content_type="text/x-test")
    blob = container.upload_blob(
        "a folder/ünï & co.bin", data, metadata={"owner": "me"}, content_settings=settings
    )
    assert blob.download_blob().readall() == data
    assert blob.download_blob(offset=10, length=20).readall() == data[10:30]
    properties = blob.get_blob_properties()
    assert (properties.size, properties.metadata) == (100_000, {"owner": "me"})
    assert properties.content_settings.content_type == "text/x-test"
    blob.set_blob_metadata({"owner": "you"})
    assert blob.get_blob_properties().metadata == {"owner": "you"}
    blob.delete_blob()
    assert not blob.exists()
    container.upload_blob("empty", b"")
    assert container.download_blob("empty").readall() == b""


def in_blocks(azure: ControlPlane, blobs: Blobs, container: str, size: int) -> ContainerClient:
    """A client that uploads in blocks of this many bytes."""
    return ContainerClient(
        blobs[1].url,
        container,
        credential=blobs[1].credential,
        max_single_put_size=size,
        max_block_size=size,
        connection_verify=str(azure.folder / "ca.pem"),
    )


def test_a_blob_larger_than_one_request_is_put_together_from_its_blocks(
    azure: ControlPlane, blobs: Blobs
) -> None:
    data = os.urandom(3_000_000)
    with in_blocks(azure, blobs, "large", 1_000_000) as container:
        container.create_container()
        blob = container.upload_blob("large", data, overwrite=True)
        assert blob.download_blob().readall() == data
        assert len([path for path in contents(azure) if path.stat().st_size == 3_000_000]) == 1
        blob.delete_blob()
    assert contents(azure) == [], "blocks and content are gone"


def test_a_listing_knows_prefixes_folders_and_pages(blobs: Blobs) -> None:
    container = blobs[1].create_container("listed")
    names = [f"{folder}/{number}" for folder in ("a", "b") for number in range(5)]
    for name in names:
        container.upload_blob(name, name.encode(), metadata={"k": "v"})
    assert [found.name for found in container.list_blobs()] == names
    assert [found.name for found in container.list_blobs(name_starts_with="b/")] == names[5:]
    assert [found.name for found in container.walk_blobs()] == ["a/", "b/"]
    assert [len(list(page)) for page in container.list_blobs(results_per_page=4).by_page()] == [4, 4, 2]
    assert next(iter(container.list_blobs(include=["metadata"]))).metadata == {"k": "v"}


def test_a_blob_is_not_replaced_unless_asked(blobs: Blobs) -> None:
    container = blobs[1].create_container("once")
    container.upload_blob("x", b"1")
    with pytest.raises(ResourceExistsError):
        container.upload_blob("x", b"2")
    container.upload_blob("x", b"3", overwrite=True)
    assert container.download_blob("x").readall() == b"3"
    with pytest.raises(ResourceExistsError):
        blobs[1].create_container("once")


def test_a_container_made_here_is_there_for_resource_manager_too(blobs: Blobs) -> None:
    azure, client, _ = blobs
    client.create_container("seen")
    path = f"{ACCOUNT}/blobServices/default/containers/seen"
    assert azure.arm("GET", path).body["name"] == "seen"
    azure.done(azure.arm("DELETE", path))
    assert not client.get_container_client("seen").exists()


def test_signatures_made_by_the_real_client_open_what_they_say_and_no_more(blobs: Blobs) -> None:
    azure, client, key = blobs
    container = client.create_container("shared")
    container.upload_blob("x", b"1")
    client.create_container("other").upload_blob("x", b"1")
    soon = datetime.now(UTC) + timedelta(hours=1)
    reading = generate_container_sas(
        NAME, "shared", key, permission=ContainerSasPermissions(read=True), expiry=soon
    )
    single = generate_blob_sas(
        NAME, "shared", "x", account_key=key, permission=BlobSasPermissions(read=True), expiry=soon
    )
    ended = generate_container_sas(
        NAME, "shared", key, permission=ContainerSasPermissions(read=True), expiry=soon - timedelta(hours=2)
    )

    def status(method: str, path: str, sas: str) -> int:
        return azure.send(method, f"/{NAME}.blob.emulator/{path}?{sas}").status

    assert status("GET", "shared/x", reading) == 200
    assert status("GET", "shared/x", single) == 200
    assert status("DELETE", "shared/x", reading) == 403
    assert status("GET", "other/x", reading) == 403
    assert status("GET", "shared/y", single) == 403
    assert status("GET", "shared/x", ended) == 403
    assert status("GET", "shared/x", reading.replace("sp=r", "sp=rwd")) == 403
    assert status("GET", "shared/x", "") == 401


def test_a_wrong_key_and_a_token_for_scoring_open_nothing(blobs: Blobs) -> None:
    azure, client, key = blobs
    client.create_container("closed")
    wrong = {"account_name": NAME, "account_key": key[::-1].replace("=", "") + "=="}
    with (
        BlobServiceClient(
            client.url, credential=wrong, connection_verify=str(azure.folder / "ca.pem"), retry_total=0
        ) as other,
        pytest.raises((ClientAuthenticationError, HttpResponseError)),
    ):
        other.create_container("mine")
    token, _ = issue_token(azure.identity, "https://ml.azure.com")
    path = f"/{NAME}.blob.emulator/closed?restype=container&comp=list"
    assert azure.send("GET", path, headers={"Authorization": f"Bearer {token}"}).status == 401


@pytest.mark.parametrize("name", ["../../../escaped", "..%2f..%2fescaped", "/etc/escaped", "a/../../escaped"])
def test_no_name_leads_out_of_the_folder(blobs: Blobs, name: str) -> None:
    azure = blobs[0]
    blobs[1].create_container("jail")
    token, _ = issue_token(azure.identity, "https://storage.azure.com")
    headers = {"Authorization": f"Bearer {token}", "x-ms-blob-type": "BlockBlob"}
    azure.send("PUT", f"/{NAME}.blob.emulator/jail/{name}", b"x", headers)
    assert list(azure.folder.parent.rglob("*escaped*")) == []


def test_a_body_that_does_not_match_its_checksum_is_not_kept(blobs: Blobs) -> None:
    azure = blobs[0]
    blobs[1].create_container("checked")
    token, _ = issue_token(azure.identity, "https://storage.azure.com")
    headers = {"Authorization": f"Bearer {token}", "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    answer = azure.send("PUT", f"/{NAME}.blob.emulator/checked/x", b"x", headers)
    assert (answer.status, answer.headers["x-ms-error-code"]) == (400, "Md5Mismatch")
    assert contents(azure) == []


def test_a_kill_in_the_middle_of_an_upload_leaves_nothing_behind(blobs: Blobs) -> None:
    azure, client, _ = blobs
    client.create_container("kept").upload_blob("whole", b"whole")
    (azure.folder / "blobs" / "incoming" / "half").write_bytes(b"ha")
    (azure.folder / "blobs" / "00").mkdir(exist_ok=True)
    (azure.folder / "blobs" / "00" / ("0" * 64)).write_bytes(b"nobody's")
    azure.kill()
    azure.start()
    assert [path.read_bytes() for path in contents(azure)] == [b"whole"]
    assert client.get_container_client("kept").download_blob("whole").readall() == b"whole"


def test_an_upload_the_disk_has_no_room_for_is_refused_and_leaves_nothing(blobs: Blobs) -> None:
    azure, client, _ = blobs
    client.create_container("small").upload_blob("x", b"old")
    azure.kill()
    azure.start(largest_file=1 << 20)
    token, _ = issue_token(azure.identity, "https://storage.azure.com")
    headers = {"Authorization": f"Bearer {token}"}
    answer = azure.send("PUT", f"/{NAME}.blob.emulator/small/x", bytes(2 << 20), headers)
    assert (answer.status, answer.code) == (507, "InsufficientStorage")
    assert client.get_container_client("small").download_blob("x").readall() == b"old"
    assert [path.read_bytes() for path in contents(azure)] == [b"old"]
    azure.kill()
    azure.start()


def test_folders_are_told_once_however_small_the_pages(blobs: Blobs) -> None:
    """Also one whose blobs fill several pages; a page's limit counts a folder as one."""
    container = blobs[1].create_container("walked")
    names = [f"{folder}/{number}" for folder in ("a", "b") for number in range(5)] + ["c", "d/e/f"]
    for name in names:
        container.upload_blob(name, b"")
    for size in (1, 2, 3, 4, 100):
        assert sorted(found.name for found in walked(container, size)) == ["a/", "b/", "c", "d/"], size
    assert [found.name for found in container.walk_blobs(name_starts_with="d/")] == ["d/e/"]


def walked(container: ContainerClient, size: int) -> list[Any]:
    """What walk_blobs() finds, a page of so many at a time."""
    return [one for page in container.walk_blobs(results_per_page=size).by_page() for one in page]


def test_a_blob_that_is_deleted_while_it_is_read_is_read_to_its_end(inside: InProcessAzure) -> None:
    build_workspace(inside)
    token, _ = issue_token(inside.identity, "https://storage.azure.com")
    headers = {"Host": "127.0.0.1:1", "Authorization": f"Bearer {token}"}
    inside.send("PUT", f"/{NAME}.blob.emulator/read?restype=container", headers=headers)
    path = f"/{NAME}.blob.emulator/read/x"
    assert inside.send("PUT", path, b"content", headers).status == 201
    deletion: list[Answer] = []

    async def delete() -> None:
        deletion.append(await inside.ask("DELETE", path, b"", headers))

    answer = inside.wait(inside.ask("GET", path, b"", headers, meanwhile=delete))
    assert [one.status for one in deletion] == [202]
    assert answer.raw == b"content"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_metadata_alone_has_no_body(blobs: Blobs, method: str) -> None:
    azure, client, _ = blobs
    client.create_container("told").upload_blob("x", b"content", metadata={"owner": "me"})
    token, _ = issue_token(azure.identity, "https://storage.azure.com")
    path = f"/{NAME}.blob.emulator/told/x?comp=metadata"
    answer = azure.send(method, path, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.headers["x-ms-meta-owner"], answer.raw) == (200, "me", b"")


def test_a_large_blob_has_no_type_of_its_own_unless_it_is_told(azure: ControlPlane, blobs: Blobs) -> None:
    blobs[1].create_container("typed")
    with in_blocks(azure, blobs, "typed", 10) as container:
        blob = container.upload_blob("large", bytes(25))
        assert blob.get_blob_properties().content_settings.content_type == "application/octet-stream"
        settings = ContentSettings(content_type="text/x-test")
        blob = container.upload_blob("large", bytes(25), overwrite=True, content_settings=settings)
        assert blob.get_blob_properties().content_settings.content_type == "text/x-test"


@pytest.mark.parametrize("largest", [10, 1_000])
def test_a_blob_is_read_with_the_headers_it_was_given(
    azure: ControlPlane, blobs: Blobs, largest: int
) -> None:
    """Put at once, or in blocks; and they outlive a change of its metadata."""
    blobs[1].create_container("dressed")
    settings: dict[str, Any] = {
        "content_type": "text/plain",
        "content_encoding": "identity",
        "content_language": "de",
        "content_disposition": "attachment",
        "cache_control": "no-store",
    }
    with ContainerClient(
        blobs[1].url,
        "dressed",
        credential=blobs[1].credential,
        max_single_put_size=largest,
        max_block_size=largest,
        connection_verify=str(azure.folder / "ca.pem"),
    ) as container:
        blob = container.upload_blob("x", bytes(25), content_settings=ContentSettings(**settings))
        blob.set_blob_metadata({"k": "v"})
        (listed,) = container.list_blobs()
        for found in (blob.get_blob_properties(), listed):
            assert {name: found.content_settings[name] for name in settings} == settings


def test_a_blob_that_was_changed_is_neither_read_on_nor_changed_again(blobs: Blobs) -> None:
    """A client that has seen one state of it is told, where it asks, that there is another now."""
    blob = blobs[1].create_container("guarded").upload_blob("x", b"1")
    seen = blob.get_blob_properties()
    same: Any = {"etag": seen.etag, "match_condition": MatchConditions.IfNotModified}
    assert blob.download_blob(**same).readall() == b"1"
    assert_refused(304, blob.download_blob, etag=seen.etag, match_condition=MatchConditions.IfModified)
    assert_refused(304, blob.get_blob_properties, if_modified_since=seen.last_modified)
    blob.upload_blob(b"2", overwrite=True, **same)
    assert_refused(412, blob.download_blob, **same)
    assert_refused(412, blob.get_blob_properties, **same)
    assert_refused(412, blob.set_blob_metadata, {"k": "v"}, **same)
    assert_refused(412, blob.upload_blob, b"3", overwrite=True, **same)
    assert_refused(412, blob.delete_blob, **same)
    before = seen.last_modified - timedelta(seconds=1)
    assert_refused(412, blob.delete_blob, if_unmodified_since=before)
    assert blob.download_blob(if_modified_since=before).readall() == b"2"
    blob.delete_blob(if_unmodified_since=datetime.now(UTC) + timedelta(seconds=1))
    assert_refused(412, blob.upload_blob, b"4", match_condition=MatchConditions.IfPresent)
    assert not blob.exists()


def assert_refused(status: int, call: Callable[..., object], *args: object, **options: object) -> None:
    with pytest.raises(HttpResponseError) as refused:
        call(*args, **options)
    assert refused.value.status_code == status


def test_a_date_that_is_none_and_a_range_from_behind_are_refused(blobs: Blobs) -> None:
    azure, client, _ = blobs
    client.create_container("odd").upload_blob("x", b"0123456789")
    token, _ = issue_token(azure.identity, "https://storage.azure.com")

    def status(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {token}", **named}
        return azure.send("GET", f"/{NAME}.blob.emulator/odd/x", headers=sent).status

    assert status(If_Modified_Since="yesterday") == 400
    assert status(Range="bytes=5-2") == 416
    assert status(Range="bytes=10-") == 416
    assert status(Range="bytes=9-2000") == 206


def test_no_signature_of_a_container_makes_or_removes_one(blobs: Blobs) -> None:
    """As on Azure: a service's signature has rights to blobs, one of a whole account to containers."""
    azure, client, key = blobs
    client.create_container("lent").upload_blob("x", b"1")
    soon = datetime.now(UTC) + timedelta(hours=1)
    all_of_it = ContainerSasPermissions(read=True, write=True, create=True, delete=True, list=True)
    for name, method in (("lent", "DELETE"), ("never", "PUT")):
        sas = generate_container_sas(NAME, name, key, permission=all_of_it, expiry=soon)
        path = f"/{NAME}.blob.emulator/{name}?restype=container&{sas}"
        assert azure.send(method, path).status == 403
    assert client.get_container_client("lent").get_blob_client("x").exists()
    assert not client.get_container_client("never").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_of_blocks_defines_nothing(blobs: Blobs, encoding: str) -> None:
    azure, client, _ = blobs
    client.create_container("listed")
    token, _ = issue_token(azure.identity, "https://storage.azure.com")
    text = (
        f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
        '<!DOCTYPE BlockList [<!ENTITY a "QUE=">]><BlockList><Latest>&a;</Latest></BlockList>'
    )
    answer = azure.send(
        "PUT",
        f"/{NAME}.blob.emulator/listed/x?comp=blocklist",
        text.encode(encoding),
        {"Authorization": f"Bearer {token}"},
    )
    assert (answer.status, answer.headers["x-ms-error-code"]) == (400, "InvalidXmlDocument")


def test_a_block_that_is_staged_anew_leaves_nothing_of_the_first(blobs: Blobs) -> None:
    blob = blobs[1].create_container("staged").get_blob_client("x")
    for data in (b"first", b"second"):
        blob.stage_block("b" * 8, data)
    assert [path.read_bytes() for path in contents(blobs[0])] == [b"second"]
