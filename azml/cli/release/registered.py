"""Registered versions of models, codes and environments in a workspace: their bytes, and copies of them."""

import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from azml.azure.container import Container
from azml.azure.endpoints import API_VERSION
from azml.azure.storage_accounts import DATASTORE, account_id_of, find_account
from azml.cli.failure import CommandError, NotThereError
from azml.cli.stacks.stacks import Connection
from azml.specs import AssetReference

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_PLACES = {"model": "modelUri", "code": "codeUri"}
"""The property that says where the files of a version are, by kind."""
_COPIED = {
    "model": ("modelType", "flavors", "description", "tags", "properties"),
    "code": ("description", "tags", "properties"),
    "environment": ("image", "condaFile", "osType", "inferenceConfig", "description", "tags"),
}
"""What a copy of a version repeats (API 2025-12-01); the rest is Azure's, or names the workspace."""
_DEFINES = {"model": ("modelType",), "code": (), "environment": ("image", "condaFile", "inferenceConfig")}
_PATH = re.compile(r"/datastores/([^/]+)/paths/(.+)$")


@dataclass(frozen=True)
class Version:
    """A registered version: its kind, its reference, and Azure's record of its properties."""

    kind: str
    asset: AssetReference
    properties: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} {self.asset.name}:{self.asset.version}"


@dataclass(frozen=True)
class Content:
    """What a version consists of. `files` maps the paths below its place to the sha256 (hex) of their bytes.

    `digest` (hex) covers them, and the properties that define the version.
    """

    digest: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Listing:
    """The blobs of a version, as whoever wrote them named them: the bytes of each.

    `place` is where the version is in its container: a folder, one blob, or empty for the whole container.
    """

    place: str
    sizes: Mapping[str, int]

    @property
    def single(self) -> bool:
        """Whether the place is one blob."""
        return self.place in self.sizes

    def below(self, name: str) -> str:
        """A blob's path below the place; of a single one its own name."""
        if name == self.place:
            return name.rpartition("/")[2]
        return name[len(self.place) + 1 :] if self.place else name


class Store:
    """The versions of one workspace, with their files in its own storage account."""

    def __init__(self, connection: Connection) -> None:
        """Raises NotThereError when the workspace or its storage account does not exist."""
        self._arm, self.workspace = connection.arm, connection.workspace
        found = self._arm.get(self.workspace.id, API_VERSION)
        if found is None:
            raise NotThereError(
                f"there is no workspace {self.workspace.name} in {self.workspace.resource_group}",
                f"`pulumi up --stack {connection.stack.name}` creates it",
            )
        account = find_account(self._arm, account_id_of(found))
        datastore = self._arm.get(f"{self.workspace.id}/datastores/{DATASTORE}", API_VERSION)
        if account is None or datastore is None:
            raise NotThereError(f"workspace {self.workspace.name} has no storage for models and code")
        self._account = account
        self._own = str(datastore["properties"]["containerName"])

    def find(self, kind: str, asset: AssetReference) -> Version | None:
        """The version with that name; None when the workspace has none."""
        found = self._arm.get(self._id(kind, asset), API_VERSION)
        return None if found is None else Version(kind, asset, found["properties"])

    def content(self, version: Version) -> Content:
        """The content of a version, read whole. Raises CommandError when its files are somewhere else."""
        files = self._files(version) if version.kind in _PLACES else {}
        defining = {key: version.properties.get(key) for key in _DEFINES[version.kind]}
        text = json.dumps([defining, files], sort_keys=True)
        return Content(hashlib.sha256(text.encode()).hexdigest(), files)

    def listed(self, version: Version) -> Listing:
        """The blobs of a version. Raises CommandError when they are somewhere else, AzureError."""
        container, place = self._place(version)
        with self._open(container) as opened:
            return Listing(place, opened.call(partial(_sizes_below, place=place)))

    def fetch(self, version: Version, files: Mapping[str, Path]) -> None:
        """Write blobs of a version, by their names, into new files. Raises AzureError, OSError."""
        container, _ = self._place(version)
        with self._open(container) as opened:
            for name, path in files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    opened.call(partial(_download, name=name, file=file))

    def copy(self, source: "Store", version: Version, content: Content) -> None:
        """Register a version of `source` here, with the same bytes under the same name and version.

        A file that an earlier attempt has copied is kept. Raises CommandError, before the version is
        registered, when the bytes that are here then are not those of `content`.
        """
        properties = {
            key: version.properties[key] for key in _COPIED[version.kind] if version.properties.get(key)
        }
        if version.kind in _PLACES:
            properties[_PLACES[version.kind]] = self._copied(source, version, content)
        copied = Version(version.kind, version.asset, properties)
        self.require_same(copied, content)
        body = {"properties": properties}
        self._arm.wait(self._arm.put(self._id(version.kind, version.asset), API_VERSION, body))

    def require_same(self, version: Version, wanted: Content) -> None:
        """Raises CommandError when a version here has another content."""
        found = self.content(version)
        if found.digest != wanted.digest:
            raise CommandError(
                f"{version} in workspace {self.workspace.name} has another content: its digest is "
                f"{found.digest[:12]}, and not {wanted.digest[:12]}{_differing(found, wanted)}",
                "versions are immutable: register the content under another version, and promote that",
            )

    def _files(self, version: Version) -> dict[str, str]:
        container, place = self._place(version)
        with self._open(container) as opened:
            names = opened.call(partial(_below, place=place))
            if not names:
                raise CommandError(f"{version} in {self.workspace.name} has no files at {place}")
            return {_relative(name, place): opened.call(partial(_sha256, name=name)) for name in names}

    def _copied(self, source: "Store", version: Version, content: Content) -> str:
        """Copy the files of a version of `source`; returns the address by which it is registered here."""
        container, place = source._place(version)
        goal = place or f"azml/code/{content.digest[:16]}"  # a container that has nothing else
        with source._open(container) as there, self._open(self._own) as here:
            for name in there.call(partial(_below, place=place)):
                _copy(there, name, here, f"{goal}/{_relative(name, place)}" if name != place else goal)
        return self._uri(version.kind, goal)

    def _id(self, kind: str, asset: AssetReference) -> str:
        return f"{self.workspace.id}/{kind}s/{asset.name}/versions/{asset.version}"

    def _open(self, container: str) -> Container:
        return Container(self._arm, self._account, container, granted=False, warn=lambda text: None)

    def _place(self, version: Version) -> tuple[str, str]:
        """The container and the path in it of a version's files."""
        uri = str(version.properties.get(_PLACES[version.kind]) or "")
        if (found := _PATH.search(uri)) and found[1] == DATASTORE:
            return self._own, found[2].rstrip("/")
        address, blobs = _without_port(uri), _without_port(self._account.blobs)
        if address.startswith(f"{blobs}/"):
            container, _, path = unquote(address.removeprefix(f"{blobs}/")).partition("/")
            return container, path.rstrip("/")
        raise CommandError(
            f"the files of {version} are not in the storage of workspace {self.workspace.name}: {uri}",
            "versions that this project registered are; register it anew from its folder",
        )

    def _uri(self, kind: str, place: str) -> str:
        if kind == "code":
            return f"{self._account.blobs}/{self._own}/{place}"
        own = self.workspace
        return (
            f"azureml://subscriptions/{own.subscription_id}/resourcegroups/{own.resource_group}"
            f"/workspaces/{own.name}/datastores/{DATASTORE}/paths/{place}"
        )


def _without_port(address: str) -> str:
    """An https address without the port that it has anyway, which Azure's answers sometimes name."""
    parts = urlsplit(address)
    return f"{parts.netloc.removesuffix(':443')}{parts.path}"


def _below(client: "ContainerClient", place: str) -> list[str]:
    """The blobs of a version: the one at its place, or those below it; of a whole container, all."""
    return list(_sizes_below(client, place))


def _sizes_below(client: "ContainerClient", place: str) -> dict[str, int]:
    found = {str(one.name): int(one.size or 0) for one in client.list_blobs(name_starts_with=place or None)}
    return {
        name: size
        for name, size in found.items()
        if not place or name == place or name.startswith(f"{place}/")
    }


def _relative(name: str, place: str) -> str:
    return PurePosixPath(name).name if name == place else name[len(place) :].lstrip("/")


def _sha256(client: "ContainerClient", name: str) -> str:
    digest = hashlib.sha256()
    for chunk in client.download_blob(name).chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _copy(there: Container, name: str, here: Container, goal: str) -> None:
    """Copy one blob through a temporary file: the two accounts may be in different tenants and networks."""
    from azure.core.exceptions import ResourceExistsError

    with tempfile.TemporaryFile(prefix="azml-") as file:
        md5 = there.call(partial(_download, name=name, file=file))
        # An existing blob is not replaced: its content is compared with that of the others.
        with contextlib.suppress(ResourceExistsError):
            here.call(partial(_upload, name=goal, file=file, md5=md5))


def _download(client: "ContainerClient", name: str, file: IO[bytes]) -> bytes:
    """Fetch a blob into `file`; returns the MD5 that the copy is stored with, as any upload of ours."""
    md5 = hashlib.md5(usedforsecurity=False)
    file.seek(0)
    file.truncate()
    for chunk in client.download_blob(name).chunks():
        md5.update(chunk)
        file.write(chunk)
    return md5.digest()


def _upload(client: "ContainerClient", name: str, file: IO[bytes], md5: bytes) -> None:
    from azure.storage.blob import ContentSettings

    file.seek(0)
    settings = ContentSettings(content_type="application/octet-stream", content_md5=bytearray(md5))
    client.upload_blob(name, file, overwrite=False, content_settings=settings)


def _differing(found: Content, wanted: Content) -> str:
    names = sorted(_differences(found.files, wanted.files))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f" ({', '.join(names[:3])}{more})" if names else ""


def _differences(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    yield from (name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
