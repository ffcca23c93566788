"""Uploads into a local Azure by the real azure-storage-blob client."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobClient

from azml.azure.errors import AzureError
from azml.emulator.contract.manifests import sha256_of
from azml.emulator.control.storage.roles import BLOB_CONTRIBUTOR
from azml.engine_values import Properties
from azml.file_list import file_list_text
from azml.providers import calls
from azml.providers.azml import transfer as transfers
from azml.providers.azml.bundle_sources import BundleSources
from azml.providers.azml.bundle_uploads import BundleUpload
from azml.providers.azml.progress import Progress
from azml.providers.azml.transfer import ChangedError, Item, WrongBlobError
from azml.providers.engine_log import EngineLog
from tests.fixtures.control_plane import ACCOUNT, ControlPlane, grant
from tests.providers.uploading import ACCOUNT_BODY, Uploads, connected, container_name

pytestmark = pytest.mark.process

TYPE, URN = "azml:index:BundleUpload", "urn:pulumi:s::p::azml:index:BundleUpload::u"
BLOCK = 1000
FOLDER = "azml/models/0123"


@pytest.fixture
def uploads(workspace_azure: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Uploads]:
    monkeypatch.setattr(transfers, "BLOCK", BLOCK)
    with ExitStack() as opened:
        arm = connected(workspace_azure, monkeypatch)
        opened.callback(arm.http.close)
        found = Uploads(workspace_azure, arm, opened)
        opened.callback(found.lanes.pool.shutdown)
        yield found
    workspace_azure.own("DELETE", "faults")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each call of the client was made."""
    counted: Counter[str] = Counter()

    def count(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **options: Any) -> Any:
            counted[name] += 1
            return call(*args, **options)

        return counting

    for name in ("upload_blob", "stage_block", "commit_block_list"):
        monkeypatch.setattr(BlobClient, name, count(name, getattr(BlobClient, name)))
    return counted


def item(folder: Path, path: str, data: bytes, *, under: str) -> Item:
    source = folder / path.replace("/", "-")
    source.write_bytes(data)
    return Item(f"{under}/{path}", source, hashlib.sha256(data).hexdigest(), len(data))


def test_a_lost_blob_is_missed_at_a_refresh_and_uploaded_again(uploads: Uploads, tmp_path: Path) -> None:
    """The preview names it; the update sends it alone, and nothing else changes."""
    azure, folder, sources = uploads.azure, "azml/code/lost", BundleSources()
    files = {"score.py": tmp_path / "score.py", "deep/b.bin": tmp_path / "b.bin"}
    for source in files.values():
        source.write_bytes(source.name.encode())
    sources.tell({"folder": folder, "files": {path: str(source) for path, source in files.items()}})
    inputs: Properties = {
        "accountId": ACCOUNT,
        "container": container_name(azure),
        "digest": "lost",
        "folder": folder,
        "files": file_list_text({path: sha256_of(source) for path, source in files.items()}),
    }
    log = ReadLog()
    upload = BundleUpload(uploads.arm, log, sources)
    made = upload.create(calls.Create(URN, TYPE, inputs, preview=False))

    def refreshed(by: BundleUpload) -> Properties:
        found = by.read(calls.Read(URN, TYPE, made.id, inputs, made.outputs))
        assert found
        assert found.outputs == made.outputs
        return found.inputs

    assert (refreshed(upload), log.said) == (inputs, [])
    uploads.container().call(lambda client: client.delete_blob(f"{folder}/score.py"))
    azure.own("POST", "faults", {"path_pattern": r"blob\.emulator", "status": 403, "times": 1})
    outsider = BundleUpload(uploads.arm, log, sources)
    for _ in range(2):  # and is refused once
        assert refreshed(outsider) == inputs, "who may not read blobs learns nothing of them"
    olds = refreshed(upload)
    assert log.said == [f"{made.outputs['url']} no longer has score.py: an update uploads what is missing"]
    assert upload.diff(calls.Diff(URN, TYPE, made.id, olds, inputs, made.outputs)).paths == {
        "files": calls.Kind.UPDATE
    }
    for preview in (True, False):
        change = calls.Update(URN, TYPE, made.id, olds, inputs, made.outputs, preview)
        assert upload.update(change) == made.outputs
        assert (refreshed(upload) == inputs) is not preview
    gone = {**inputs, "container": "gone"}
    outputs = {"url": str(made.outputs["url"]).replace(container_name(azure), "gone")}
    assert upload.read(calls.Read(URN, TYPE, made.id, gone, outputs)) is None


class ReadLog(EngineLog):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(None)
        self.said: list[str] = []

    def warning(self, urn: str, message: str) -> None:
        """Keep it."""
        self.said.append(message)


def test_files_go_up_whole_or_in_blocks_and_only_once(
    uploads: Uploads, sent: Counter[str], tmp_path: Path
) -> None:
    data = {"a.txt": b"a", "empty": b"", "deep/b.bin": os.urandom(BLOCK), "c.bin": os.urandom(5 * BLOCK + 1)}
    items = [item(tmp_path, path, content, under="azml/code/once") for path, content in data.items()]
    own = uploads.container()
    assert uploads.transfer(own).run("azml/code/once", items) == 4
    assert sent == {"upload_blob": 3, "stage_block": 6, "commit_block_list": 1}
    for path, content in data.items():
        blob = own.call(lambda client, path=path: client.get_blob_client(f"azml/code/once/{path}"))  # type: ignore[misc]
        assert blob.download_blob().readall() == content
        held = blob.get_blob_properties().content_settings.content_md5
        assert held == hashlib.md5(content, usedforsecurity=False).digest()
    sent.clear()
    assert uploads.transfer(own).run("azml/code/once", items) == 0
    assert not sent


def test_an_interrupted_upload_goes_on_where_it_ended(
    uploads: Uploads, sent: Counter[str], tmp_path: Path
) -> None:
    """Files that are whole stay; of the one that is not, blocks that are there are not sent again."""
    big = item(tmp_path, "big.bin", os.urandom(9 * BLOCK), under="azml/code/on")
    small = item(tmp_path, "small", b"s", under="azml/code/on")
    refusal = {"path_pattern": "big.bin", "method": "PUT", "status": 400, "times": 1}
    for _ in range(4):  # of nine blocks the first four are let through, if only just
        uploads.azure.own("POST", "faults", {"path_pattern": "big.bin", "method": "PUT", "delay_ms": 0})
    uploads.azure.own("POST", "faults", refusal)
    own = uploads.container()
    with pytest.raises(AzureError, match="InjectedFault"):
        uploads.transfer(own).run("azml/code/on", [small, big])
    uploads.azure.own("DELETE", "faults")
    there = uploads.transfer(own)._staged(big)
    assert len(there) >= 4
    sent.clear()
    assert uploads.transfer(own).run("azml/code/on", [small, big]) == 1
    assert sent == {"stage_block": 9 - len(there), "commit_block_list": 1}


@pytest.mark.parametrize("size", [BLOCK, 3 * BLOCK])
def test_a_file_that_changes_is_refused_and_nothing_of_it_is_there(
    uploads: Uploads, tmp_path: Path, size: int
) -> None:
    folder = f"azml/code/changed-{size}"
    changed = item(tmp_path, "x", os.urandom(size), under=folder)
    changed.source.write_bytes(os.urandom(size))
    own = uploads.container()
    with pytest.raises(ChangedError, match=r"x \(azml/code/changed-.*/x\) changed after it was hashed"):
        uploads.transfer(own).run(folder, [changed])
    assert not own.call(lambda client: client.get_blob_client(changed.blob).exists())


def test_another_content_under_the_name_is_refused_and_left_alone(uploads: Uploads, tmp_path: Path) -> None:
    own = uploads.container()
    for path, wrong in (("length", b"longer"), ("content", b"othe")):
        mine = item(tmp_path, path, b"mine", under="azml/code/wrong")
        own.call(lambda client, blob=mine.blob, data=wrong: client.upload_blob(blob, data))  # type: ignore[misc]
        with pytest.raises(WrongBlobError, match=f"{mine.blob} in account1/.* holds something else"):
            uploads.transfer(own).run("azml/code/wrong", [mine])
        found = own.call(lambda client, blob=mine.blob: client.download_blob(blob).readall())  # type: ignore[misc]
        assert found == wrong


def test_two_uploads_of_one_content_at_once_are_no_conflict(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other has made the blobs after this one looked."""
    items = [item(tmp_path, path, path.encode() * 2000, under="azml/code/race") for path in ("1", "2")]
    items.append(item(tmp_path, "3", b"small", under="azml/code/race"))
    own = uploads.container()
    uploads.transfer(own).run("azml/code/race", items)
    late = uploads.transfer(own)
    call = own.call
    calls: list[object] = []

    def looks_too_early(action: Any) -> Any:
        calls.append(action)
        return {} if len(calls) == 1 else call(action)

    monkeypatch.setattr(own, "call", looks_too_early)
    assert late.run("azml/code/race", items) == 3


def test_a_new_role_is_waited_for_and_told_of_once(uploads: Uploads, tmp_path: Path) -> None:
    uploads.azure.done(uploads.azure.arm("DELETE", grant(uploads.azure, BLOB_CONTRIBUTOR)))
    uploads.azure.own("POST", "lags", {"path_pattern": "roleAssignments", "method": "PUT", "reads": 3})
    grant(uploads.azure, BLOB_CONTRIBUTOR)
    own = uploads.container(granted=True)
    uploads.transfer(own).run(FOLDER, [item(tmp_path, "late", b"1", under=FOLDER)])
    assert len(uploads.told) == 1
    assert uploads.told[0].startswith(
        "waiting for Azure to honour the role 'Storage Blob Data Contributor' on account1"
    )


def test_without_a_role_the_key_serves_where_it_may(uploads: Uploads, tmp_path: Path) -> None:
    """A storage account of others', on which the stack gives no roles."""
    uploads.azure.done(uploads.azure.arm("DELETE", grant(uploads.azure, BLOB_CONTRIBUTOR)))
    own = uploads.container()
    assert uploads.transfer(own).run(FOLDER, [item(tmp_path, "by-key", b"1", under=FOLDER)]) == 1
    role = f"needs the role 'Storage Blob Data Contributor' at {ACCOUNT}"
    refusal = {"path_pattern": "listKeys", "method": "POST", "status": 403, "code": "AuthorizationFailed"}
    uploads.azure.own("POST", "faults", refusal)
    with pytest.raises(AzureError, match=role):
        uploads.transfer(uploads.container()).run(FOLDER, [])
    uploads.azure.own("DELETE", "faults")
    closed = {**ACCOUNT_BODY, "properties": {"allowSharedKeyAccess": False}}
    uploads.azure.done(uploads.azure.arm("PUT", ACCOUNT, closed))
    with pytest.raises(AzureError, match=role):
        uploads.transfer(uploads.container()).run(FOLDER, [])


def test_a_firewall_is_called_one(uploads: Uploads) -> None:
    refusal = {"path_pattern": "blob.emulator", "status": 403, "code": "AuthorizationFailure", "times": 9}
    uploads.azure.own("POST", "faults", refusal)
    with pytest.raises(AzureError, match="the network rules of the storage account account1 refuse"):
        uploads.transfer(uploads.container()).run(FOLDER, [])


def test_an_upload_tells_how_far_it_is_as_time_goes_by() -> None:
    """A text each second for a terminal, a line each half minute for a log, and no word about a short one."""
    now = 0.0
    status: list[str] = []
    lines: list[str] = []

    def clock() -> float:
        return now

    progress = Progress(2, 3_000_000, status.append, lines.append, clock)
    progress.sent(1_000_000)
    progress.finished()
    assert (status, lines) == ([], [])
    now = 1.0
    progress.sent(500_000)
    assert status == ["uploading: 1 of 2 files, 2 MB of 3 MB (50 %)"]
    now = 30.0
    progress.sent(1_500_000)
    progress.ended()
    assert lines == ["uploading: 1 of 2 files, 3 MB of 3 MB (100 %)", "uploaded 2 files, 3 MB"]
    quick = Progress(1, 1, status.append, lines.append, clock)
    quick.ended()
    assert len(lines) == 2
