"""Copies a deployment's files from blobs into folders that a scoring process can read."""

import asyncio
import contextlib
import errno
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

from azml.emulator.base.cloning import clone
from azml.emulator.base.damage import remove
from azml.emulator.base.files import private_folder
from azml.emulator.contract.manifests import KeptFile, Manifests, stamp_of
from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.store import ResourceStore
from azml.emulator.control.storage.accounts import container_id, find_account
from azml.emulator.control.storage.blobs import Blob, BlobStore

_DATASTORE_URI = re.compile(
    r"azureml://(?:(subscriptions/.+?/workspaces/[^/]+)/)?datastores/([^/]+)/paths/(.+)", re.I
)
LINKED_FROM = 32 * 1024 * 1024  # bytes
"""Where the file system cannot clone, larger files are links to their blobs, to save space. Smaller ones are
copied, so that a damaged one can be restored from its blob."""
_ACCOUNT_HOST = re.compile(r"([a-z0-9]{3,24})\.blob\..+")


@dataclass(frozen=True)
class Place:
    """Where files are: a container's id in lower case and the path in it, without slashes at either end."""

    container: str
    path: str


@dataclass(frozen=True)
class _File:
    source: Path
    target: PurePosixPath
    sha256: str


def find_place(uri: str, workspace: str, store: ResourceStore) -> Place:
    """The place a modelUri or codeUri points at: `azureml://.../datastores/D/paths/P` or a blob's https URL.

    `workspace` is the ARM id the short form belongs to. Raises ArmError 400 when it is neither.
    """
    if matched := _DATASTORE_URI.fullmatch(uri):
        owner = f"/{matched[1]}" if matched[1] else workspace
        datastore = store.get(f"{_with_provider(owner)}/datastores/{matched[2]}")
        return _place(
            datastore.properties.get("accountName", ""),
            datastore.properties.get("containerName", ""),
            matched[3],
            store,
        )
    parts = _split(uri)
    # The account is the host's first label on Azure and the path's first segment here.
    if parts.scheme == "https" and (matched := _ACCOUNT_HOST.fullmatch(parts.hostname or "")):
        return _from_path(matched[1], parts.path.lstrip("/"), store)
    account, _, rest = parts.path.lstrip("/").partition("/")
    if parts.scheme == "https" and (matched := _ACCOUNT_HOST.fullmatch(account)):
        return _from_path(matched[1], rest, store)
    raise bad_request(f"'{uri}' is neither a datastore path nor the URL of a blob.", "InvalidAssetUri")


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError as error:
        raise bad_request(f"'{uri}' is not a URL: {error}.", "InvalidAssetUri") from error


class Materialiser:
    """Copies blobs into folders that are named by their content: equal content shares one folder.

    No scoring process runs in such a folder: each gets files of its own
    (`azml.emulator.supervisor.serving.instance_files`).
    """

    def __init__(self, folder: Path, blobs: BlobStore) -> None:
        self.folder = private_folder(folder)
        self.manifests = Manifests(folder.with_name("manifests"))
        self.blobs = blobs

    async def model(self, place: Place, name: str, version: str) -> Path:
        """A folder that contains the last element of the model's path, a file or a folder.

        It ends in `<name>/<version>` as on Azure, where Microsoft's server reads the two out of
        AZUREML_MODEL_DIR.
        """
        own = PurePosixPath(name, version)
        if len(own.parts) != 2 or ".." in own.parts:
            raise bad_request(f"'{name}' in version '{version}' cannot be a folder.", "InvalidAssetId")
        folder = await self._folder(place, own / PurePosixPath(place.path).name)
        return folder / own

    async def code(self, place: Place) -> Path:
        """A folder with the code's files as they were uploaded."""
        return await self._folder(place, PurePosixPath())

    def noted(self, folder: Path | None) -> Path | None:
        """A folder as a path for the store: relative, because the whole local Azure may be moved."""
        return folder.relative_to(self.folder) if folder else None

    def found(self, noted: Path | None) -> Path | None:
        """The folder of a path in the store. Earlier versions stored absolute paths."""
        if noted is None or not noted.is_absolute():
            return noted and self.folder / noted
        names = noted.parts
        last = len(names) - 1 - names[::-1].index(self.folder.name) if self.folder.name in names else -1
        return self.folder.joinpath(*names[last + 1 :])

    def sweep(self, used: Iterable[Path]) -> None:
        """Remove folders that are no longer used, and those that a killed process left incomplete."""
        kept = {path.relative_to(self.folder).parts[0] for path in used if path.is_relative_to(self.folder)}
        for path in self.folder.iterdir():
            if path.name not in kept:
                remove(path)
        self.manifests.keep(frozenset(kept))

    async def _folder(self, place: Place, root: PurePosixPath) -> Path:
        files = self._files(place, root)
        digest = hashlib.sha256("\n".join(f"{file.target}\0{file.sha256}" for file in files).encode())
        target = self.folder / digest.hexdigest()[:32]
        try:
            if not target.is_dir():
                await asyncio.to_thread(self._lay_out, files, target)
            elif self.manifests.read(target.name) is None:
                # Without marks: the next use of the folder verifies its content.
                self.manifests.write(target.name, [KeptFile(str(one.target), one.sha256) for one in files])
        except OSError as error:
            raise _refusal(error) from error
        return target

    def _lay_out(self, files: Sequence[_File], target: Path) -> None:
        temporary = Path(tempfile.mkdtemp(dir=self.folder, prefix=".new-"))
        try:
            for file in files:
                destination = temporary / file.target
                destination.parent.mkdir(parents=True, exist_ok=True)
                _put(file.source, destination)
            _open_to_all(temporary)
            self.manifests.write(target.name, [_kept(file, temporary) for file in files])
            temporary.rename(target)
        except OSError:
            if not target.is_dir():  # else another deployment with the same content was faster
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _files(self, place: Place, root: PurePosixPath) -> list[_File]:
        single = self.blobs.find(place.container, place.path) if place.path else None
        if single and root.name:
            return [self._file(single, root)]
        prefix = f"{place.path}/" if place.path else ""
        found = self.blobs.under(place.container, prefix)
        if not found:
            container = place.container.rpartition("/")[2]
            message = f"There is nothing at '{place.path}' in the container '{container}'."
            raise bad_request(message, "AssetFilesNotFound")
        return [self._file(blob, root / _relative(blob.name, prefix)) for blob in found]

    def _file(self, blob: Blob, target: PurePosixPath) -> _File:
        return _File(self.blobs.path(blob.content.sha256), target, blob.content.sha256)


def _refusal(error: OSError) -> ArmError:
    """A full disk is an error of this machine; names that conflict are an error of the upload."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ArmError(507, "InsufficientStorage", f"The files cannot be written: {error.strerror}")
    message = f"The blobs' names conflict as file names on this machine: {error.strerror}."
    return bad_request(message, "InvalidAssetUri")


def _kept(file: _File, folder: Path) -> KeptFile:
    return KeptFile(str(file.target), file.sha256, stamp_of(folder / file.target))


def _put(source: Path, target: Path) -> None:
    """Put a blob's content under another name. A link is safe: blobs are replaced, never modified."""
    if clone(source, target):
        return
    if source.stat().st_size >= LINKED_FROM:
        with contextlib.suppress(OSError):  # on another file system, or at the limit of links
            target.hardlink_to(source)
            return
    shutil.copyfile(source, target)


def _open_to_all(folder: Path) -> None:
    """Let a container's own user read. Other users have no access: the enclosing folder is private."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _relative(name: str, prefix: str) -> PurePosixPath:
    """A blob's path below a prefix. Raises ArmError 400 when it would be outside the folder."""
    path = PurePosixPath(name.removeprefix(prefix))
    if path.is_absolute() or not path.parts or any(part in ("..", "") or "\0" in part for part in path.parts):
        raise bad_request(f"The blob '{name}' has a name that is not a valid file name.", "InvalidAssetUri")
    return path


def _from_path(account: str, path: str, store: ResourceStore) -> Place:
    container, _, inside = unquote(path).partition("/")
    return _place(account, container, inside, store)


def _place(account: str, container: str, inside: str, store: ResourceStore) -> Place:
    owner = find_account(str(account), store)
    if owner is None or store.find(container_id(owner.id, container).text) is None:
        message = f"There is no container '{container}' in a storage account '{account}'."
        raise bad_request(message, "AssetFilesNotFound")
    # Normalised: a trailing slash or dot has no meaning, and the last element must have a name.
    parts = [part for part in inside.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise bad_request(f"The path '{inside}' is outside its container.", "InvalidAssetUri")
    return Place(container_id(owner.id, container).key, "/".join(parts))


def _with_provider(owner: str) -> str:
    provider = "/providers/Microsoft.MachineLearningServices"
    head, _, name = owner.rpartition("/workspaces/")
    return owner if provider.lower() in owner.lower() else f"{head}{provider}/workspaces/{name}"
