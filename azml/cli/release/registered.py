"""Registered versions of models, codes and environments in a workspace: their bytes, and copies of them."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from azml.azure.container import Container
from azml.azure.endpoints import API_VERSION
from azml.azure.storage_accounts import DATASTORE, account_id_of, find_account
from azml.cli.failure import CommandError, NotThereError
from azml.cli.release.contents import (
    PLACES,
    Blobs,
    Content,
    Listing,
    Version,
    copy_files,
    fetch_files,
    files_at,
    listing_at,
    require_same,
    without_port,
)
from azml.cli.stacks.stacks import Connection
from azml.specs import AssetReference

_PATH = re.compile(r"/datastores/([^/]+)/paths/(.+)$")


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

    def __str__(self) -> str:
        return f"workspace {self.workspace.name}"

    def find(self, kind: str, asset: AssetReference) -> Version | None:
        """The version with that name; None when the workspace has none."""
        found = self._arm.get(self._id(kind, asset), API_VERSION)
        return None if found is None else Version(kind, asset, found["properties"])

    def content(self, version: Version) -> Content:
        """The content of a version, read whole. Raises CommandError when its files are somewhere else."""
        return version.content(self._files(version) if version.kind in PLACES else {})

    def listed(self, version: Version) -> Listing:
        """The blobs of a version. Raises CommandError when they are somewhere else, AzureError."""
        container, place = self._place(version)
        with self._open(container) as opened:
            return listing_at(opened, place)

    def fetch(self, version: Version, files: Mapping[str, Path]) -> None:
        """Write blobs of a version, by their names, into new files. Raises AzureError, OSError."""
        container, _ = self._place(version)
        with self._open(container) as opened:
            fetch_files(opened, files)

    def copy(self, source: "Store", version: Version, content: Content) -> None:
        """Register a version of `source` here, with the same bytes under the same name and version.

        A file that an earlier attempt has copied is kept. Raises CommandError, before the version is
        registered, when the bytes that are here then are not those of `content`.
        """
        properties = version.copied
        if version.kind in PLACES:
            with self._open(self._own) as here:
                goal, _ = source.copy_files(version, content, here)
            properties[PLACES[version.kind]] = self._uri(version.kind, goal)
        copied = Version(version.kind, version.asset, properties)
        require_same(copied, self.content(copied), content, str(self))
        body = {"properties": properties}
        self._arm.wait(self._arm.put(self._id(version.kind, version.asset), API_VERSION, body))

    def copy_files(self, version: Version, content: Content, here: Blobs) -> tuple[str, dict[str, str]]:
        """Copy the files of a version to another container.

        Returns their place there, and the names of the copies by their paths below it.
        """
        container, place = self._place(version)
        goal = place or f"azml/code/{content.digest[:16]}"  # a container that has nothing else
        with self._open(container) as there:
            return goal, copy_files(there, place, here, goal)

    def _files(self, version: Version) -> dict[str, str]:
        container, place = self._place(version)
        with self._open(container) as opened:
            files = files_at(opened, place)
        if not files:
            raise CommandError(f"{version} in {self.workspace.name} has no files at {place}")
        return files

    def _id(self, kind: str, asset: AssetReference) -> str:
        return f"{self.workspace.id}/{kind}s/{asset.name}/versions/{asset.version}"

    def _open(self, container: str) -> Container:
        return Container(self._arm, self._account, container, granted=False, warn=lambda text: None)

    def _place(self, version: Version) -> tuple[str, str]:
        """The container and the path in it of a version's files."""
        uri = str(version.properties.get(PLACES[version.kind]) or "")
        if (found := _PATH.search(uri)) and found[1] == DATASTORE:
            return self._own, found[2].rstrip("/")
        address, blobs = without_port(uri), without_port(self._account.blobs)
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
