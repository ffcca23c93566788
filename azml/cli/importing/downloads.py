"""The registered files of a deployment, fetched into a folder from which it can be deployed anywhere."""

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from azml import rules
from azml.azure.container import FIREWALL, NO_KEYS, NO_ROLE
from azml.azure.errors import AzureError
from azml.cli.failure import CommandError
from azml.cli.importing.blob_names import UnsafeName, safe_path, safe_paths
from azml.cli.release.contents import Listing, Version
from azml.cli.release.registered import Store
from azml.roles import BLOB_READER
from azml.specs import AssetReference, DeploymentSpec
from azml.specs.assets import MODEL_TYPES

UNNAMED = "model"
"""The folder of a model that is a whole container, and so has no name of its own."""


class NotFetched(Exception):
    """Files cannot be had; the message says which and why. The endpoint can be taken over without them."""


class Downloads:
    """Fetches versions of one workspace. `store` is None, with the reason, where nothing can be read."""

    def __init__(self, store: Store | None, reason: str = "") -> None:
        self._store, self._refused = store, reason
        self._owners: dict[str, PurePosixPath] = {}  # of folders, by their path in one case

    def working_document(
        self, spec: DeploymentSpec, pinned: Mapping[str, Any], folder: Path
    ) -> dict[str, Any]:
        """The document of a deployment file that names files in `folder`, which are there then.

        `pinned` is the document that names the registered versions instead. Raises NotFetched.
        """
        document = dict(pinned)
        if isinstance(spec.model, AssetReference):
            document["model"] = self._model(spec.model, folder)
        if isinstance(spec.code, AssetReference):
            code = {**pinned["code_configuration"], "code": self._code(spec.code, folder)}
            document["code_configuration"] = code
        if isinstance(spec.environment, AssetReference):
            document["environment"] = self._environment(spec.environment, folder)
        return document

    def _model(self, asset: AssetReference, folder: Path) -> dict[str, Any]:
        version = self._found("model", asset)
        kind = str(version.properties.get("modelType") or "custom_model")
        if kind not in MODEL_TYPES:
            raise NotFetched(f"{version} is of the type {kind!a}, which deployment files cannot express")
        listing = self._listing(version)
        root = listing.place.rpartition("/")[2] or UNNAMED
        own = self._own_folder("model", asset, folder)
        place = own / _safe(version, root)
        self._fetch(version, listing, folder / own, "" if listing.single else root)
        return {"name": asset.name, "path": str(place), "type": kind}

    def _code(self, asset: AssetReference, folder: Path) -> str:
        version, place = self._found("code", asset), self._own_folder("code", asset, folder)
        self._fetch(version, self._listing(version), folder / place)
        return str(place)

    def _environment(self, asset: AssetReference, folder: Path) -> dict[str, Any]:
        version = self._found("environment", asset)
        image, conda = version.properties.get("image"), version.properties.get("condaFile")
        if not image or version.properties.get("build"):
            raise NotFetched(
                f"{version} is built from a Dockerfile: its image is only in the workspace's registry"
            )
        document: dict[str, Any] = {"image": str(image)}
        if conda:
            place = self._own_folder("environment", asset, folder) / "conda.yml"
            _write_new(folder / place, str(conda).encode())
            document["conda_file"] = str(place)
        if routes := version.properties.get("inferenceConfig"):
            document["inference_config"] = {
                f"{name}_route": {key: routes[f"{name}Route"][key] for key in ("port", "path")}
                for name in ("liveness", "readiness", "scoring")
            }
        return document

    def _found(self, kind: str, asset: AssetReference) -> Version:
        if asset.registry is not None:
            raise NotFetched(
                f"{kind} {asset.name} is in the registry {asset.registry}, whose files stay there"
            )
        store = self._reachable()
        if not (asset.version and rules.ASSET.accepts(asset.name) and rules.ASSET.accepts(asset.version)):
            raise NotFetched(f"{kind} {str(asset)!a} has a name that cannot be a folder's")
        try:
            version = store.find(kind, asset)
        except AzureError as error:
            raise NotFetched(f"{kind} {asset.name}:{asset.version} cannot be read: {error}") from error
        if version is None:
            raise NotFetched(f"the workspace no longer has {kind} {asset.name}:{asset.version}")
        return version

    def _own_folder(self, kind: str, asset: AssetReference, folder: Path) -> PurePosixPath:
        """A folder for each version, so that slots share what is the same. Names were checked."""
        place = PurePosixPath(kind, asset.name, str(asset.version))
        owner = self._owners.setdefault(str(folder / place).casefold(), place)
        if owner != place:
            raise NotFetched(f"{place} and {owner} would be one folder where case does not matter")
        return place

    def _reachable(self) -> Store:
        if self._store is None:
            raise NotFetched(self._refused)
        return self._store

    def _listing(self, version: Version) -> Listing:
        try:
            listing = self._reachable().listed(version)
        except (AzureError, CommandError) as error:
            raise self._unread(version, error) from error
        if not listing.sizes:
            raise NotFetched(f"{version} has no files in the storage any more")
        return listing

    def _fetch(self, version: Version, listing: Listing, folder: Path, root: str = "") -> None:
        """Fetch a version's files into `root` in a new folder, unless another slot has: they are the same."""
        if folder.exists():
            return
        below = {listing.below(name): name for name in listing.sizes}
        try:
            paths = safe_paths({path: listing.sizes[name] for path, name in below.items()})
        except UnsafeName as unsafe:
            raise NotFetched(f"{version}: {unsafe}") from None
        try:
            self._reachable().fetch(
                version, {below[name]: folder / root / path for name, path in paths.items()}
            )
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)  # the next slot must not take it for complete
            if isinstance(error, AzureError):
                raise self._unread(version, error) from error
            raise

    def _unread(self, version: Version, error: AzureError | CommandError) -> NotFetched:
        """The reason; storage that answers nobody here is not asked for the next version's files either."""
        if isinstance(error, CommandError):
            return NotFetched(error.message)
        words = str(error)
        if error.code in (NO_ROLE, NO_KEYS):
            words = (
                f"the identity this runs as needs the role {BLOB_READER!r} at the workspace's storage account"
            )
        if error.code in (NO_ROLE, NO_KEYS, FIREWALL) or not error.status:
            self._store, self._refused = None, words
        return NotFetched(f"{version} cannot be read: {words}")


def _safe(version: Version, name: str) -> PurePosixPath:
    try:
        return safe_path(name)
    except UnsafeName as unsafe:
        raise NotFetched(f"{version}: {unsafe}") from None


def _write_new(file: Path, content: bytes) -> None:
    """Write a file, unless another slot has: it is the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.write_bytes(content)
