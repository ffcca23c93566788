"""The files of a registry's versions, in containers of their own that no upload can change any more."""

import uuid

from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.materialise import Place, find_place
from azml.emulator.control.storage.accounts import ensure_container
from azml.emulator.control.storage.blobs import BlobStore

FILES = {"models": "modelUri", "codes": "codeUri"}
"""The property that says where the files of a version are, by collection."""


def kept_files(
    uri: str, owner: str, account: Record, store: ResourceStore, blobs: BlobStore, addresses: Addresses
) -> str:
    """Copy the files at a URI into a new container of `account`; returns their new URI.

    `owner` is the ARM id of the workspace that a short datastore URI belongs to. Raises ArmError 400 when
    there are no files.
    """
    place = find_place(uri, owner, store)
    container = ensure_container(account.id, new_container_name(), store)
    if not blobs.copy(place.container, place.path, container.id.key):
        raise bad_request(f"There is nothing at '{uri}'.", "AssetFilesNotFound")
    return f"{addresses.blob(account.id.name)}{container.id.name}/{place.path}".rstrip("/")


def place_in(account: Record, uri: str, store: ResourceStore) -> Place | None:
    """The place of a URI in a registry's own account; None for one that is somewhere else."""
    place = find_place(uri, "", store)
    return place if place.container.startswith(f"{account.id.key}/") else None


def new_container_name() -> str:
    """A name that no container has."""
    return f"{uuid.uuid4().hex[:12]}-{uuid.uuid4()}"
