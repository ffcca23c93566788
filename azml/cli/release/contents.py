"""What a registered version consists of: its files, and the properties that define it; and copies of both."""

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from azml.cli.failure import CommandError
from azml.specs import AssetReference

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

PLACES = {"model": "modelUri", "code": "codeUri"}
"""The property that says where the files of a version are, by kind."""
_COPIED = {
    "model": ("modelType", "flavors", "description", "tags", "properties"),
    "code": ("description", "tags", "properties"),
    "environment": ("image", "condaFile", "osType", "inferenceConfig", "description", "tags"),
}
"""What a copy of a version repeats (API 2025-12-01); the rest is Azure's, or names the workspace."""
_DEFINES = {"model": ("modelType",), "code": (), "environment": ("image", "condaFile", "inferenceConfig")}

T = TypeVar("T")


@dataclass(frozen=True)
class Version:
    """A registered version: its kind, its reference, and Azure's record of its properties."""

    kind: str
    asset: AssetReference
    properties: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} {self.asset.name}:{self.asset.version}"

    @property
    def copied(self) -> dict[str, Any]:
        """The properties of a copy, except where its files are."""
        return {key: self.properties[key] for key in _COPIED[self.kind] if self.properties.get(key)}

    def content(self, files: Mapping[str, str]) -> "Content":
        """Its content, where these are its files."""
        defining = {key: self.properties.get(key) for key in _DEFINES[self.kind]}
        text = json.dumps([defining, files], sort_keys=True)
        return Content(hashlib.sha256(text.encode()).hexdigest(), files)


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


class Blobs(Protocol):
    """A container that is open: `call` gives its client to an action."""

    def call(self, action: "Callable[[ContainerClient], T]") -> T:
        """The result of an action. Raises AzureError."""
        ...


def require_same(version: Version, found: Content, wanted: Content, where: str) -> None:
    """Raises CommandError when a version has another content; `where` says what has it."""
    if found.digest != wanted.digest:
        raise CommandError(
            f"{version} in {where} has another content: its digest is "
            f"{found.digest[:12]}, and not {wanted.digest[:12]}{_differing(found, wanted)}",
            "versions are immutable: register the content under another version, and promote that",
        )


def listing_at(blobs: Blobs, place: str) -> Listing:
    """The blobs at a place in a container: the one with its name, or those below it; of no place, all."""
    return Listing(place, blobs.call(partial(_sizes_below, place=place)))


def files_at(blobs: Blobs, place: str) -> dict[str, str]:
    """The files at a place in a container, read whole: the sha256 of each by its path below the place."""
    listing = listing_at(blobs, place)
    return read_files(blobs, {listing.below(name): name for name in listing.sizes})


def read_files(blobs: Blobs, names: Mapping[str, str]) -> dict[str, str]:
    """The sha256 of blobs, read whole: by their paths in a version, as `names` has theirs."""
    return {path: blobs.call(partial(_sha256, name=name)) for path, name in names.items()}


def fetch_files(blobs: Blobs, files: Mapping[str, Path]) -> None:
    """Write blobs, by their names, into new files. Raises AzureError, OSError."""
    for name, path in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            blobs.call(partial(_download, name=name, file=file))


def copy_files(there: Blobs, place: str, here: Blobs, goal: str) -> dict[str, str]:
    """Copy the files at a place to another one, where a file that an earlier attempt has copied is kept.

    Returns the names of the copies by their paths below the place.
    """
    copies = {}
    listing = listing_at(there, place)
    for name in listing.sizes:
        path = listing.below(name)
        copies[path] = goal if name == place else f"{goal}/{path}"
        _copy(there, name, here, copies[path])
    return copies


def without_port(address: str) -> str:
    """An https address without the port that it has anyway, which Azure's answers sometimes name."""
    parts = urlsplit(address)
    return f"{parts.netloc.removesuffix(':443')}{parts.path}"


def _sizes_below(client: "ContainerClient", place: str) -> dict[str, int]:
    found = {str(one.name): int(one.size or 0) for one in client.list_blobs(name_starts_with=place or None)}
    return {
        name: size
        for name, size in found.items()
        if not place or name == place or name.startswith(f"{place}/")
    }


def _sha256(client: "ContainerClient", name: str) -> str:
    digest = hashlib.sha256()
    for chunk in client.download_blob(name).chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _copy(there: Blobs, name: str, here: Blobs, goal: str) -> None:
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
