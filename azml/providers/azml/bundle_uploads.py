"""`azml:index:BundleUpload`: the files of one bundle, in a container folder named after their content.

Nothing is ever changed or removed there: different content goes to a different folder, and registered
versions keep pointing to theirs.
"""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from azml.azure.arm import Arm
from azml.azure.container import Container
from azml.azure.errors import AzureError
from azml.azure.storage_accounts import STORAGE_API, Account, find_account
from azml.engine_values import UNKNOWN, Properties, Unknown
from azml.file_list import file_list, file_list_text
from azml.findings import did_you_mean
from azml.providers import calls
from azml.providers.azml.bundle_sources import BundleSources
from azml.providers.azml.progress import Progress
from azml.providers.azml.transfer import Item, Lanes, Transfer
from azml.providers.differences import differences, top
from azml.providers.engine_log import EngineLog

INPUTS = ("accountId", "container", "digest", "folder", "files", "roleGranted")
_QUIET = ("roleGranted", "files")
"""Inputs whose change alone is no difference: the digest covers the files, whose form was once different.
Files that are missing among the old ones are one: see `read`."""


class BundleUpload:
    """Uploads a bundle once. The output `url` is its folder's address."""

    def __init__(self, arm: Arm, log: EngineLog, sources: BundleSources) -> None:
        self._arm, self._log, self._sources = arm, log, sources
        self._lock = threading.Lock()
        self._lanes: Lanes | None = None
        self._closed: set[str] = set()

    def check(self, call: calls.Check) -> calls.Checked:
        """Require inputs of the right shape, and no paths of one machine."""
        return calls.Checked(call.news, list(_malformed(call.news)))

    def diff(self, call: calls.Diff) -> calls.Changes:
        """A different destination or different content needs a new upload, lost files an update."""
        found = differences(call.olds, call.news)
        changed = {path: kind for path, kind in found.items() if top(path) not in _QUIET}
        if not changed and _lost(call.olds, call.news):
            return calls.Changes({"files": calls.Kind.UPDATE})
        if "digest" in changed and "files" in found:
            changed["files"] = found["files"]  # shown with the files that differ
        return calls.Changes({path: kind.as_replacement for path, kind in changed.items()})

    def create(self, call: calls.Create) -> calls.State:
        """Upload the files that are not there yet."""
        if call.preview:
            return calls.State("", {"url": UNKNOWN})
        inputs = call.inputs
        account = self._uploaded(call.urn, inputs)
        url = f"{account.blobs}/{inputs['container']}/{inputs['folder']}"
        return calls.State(f"{account.id}|{inputs['container']}|{inputs['folder']}", {"url": url})

    def update(self, call: calls.Update) -> Properties:
        """Upload lost files again. The address stays the same."""
        if not call.preview and _lost(call.olds, call.news):
            self._uploaded(call.urn, call.news)
        return call.outputs

    def read(self, call: calls.Read) -> calls.State | None:
        """Gone if its container is. A lost file is left out of `files`, so that an update uploads it again.

        Who may preview, but not read blobs, learns from Resource Manager whether there is the container.
        """
        try:
            files = self._held(call)
        except AzureError:
            return self._as_before(call)
        lost = [path for path in file_list(call.inputs["files"]) if path not in files]
        if not lost:
            return calls.State(call.id, call.outputs, call.inputs)
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        message = f"{call.outputs['url']} no longer has {lost[0]}{more}: an update uploads what is missing"
        self._log.warning(call.urn, message)
        return calls.State(call.id, call.outputs, {**call.inputs, "files": file_list_text(files)})

    def _held(self, call: calls.Read) -> dict[str, str]:
        """Those of its files that are in the container. Raises AzureError where that cannot be read."""
        url, folder = str(call.outputs.get("url") or ""), str(call.inputs.get("folder") or "")
        if not folder or not url.endswith(f"/{folder}"):
            raise AzureError("it is being imported: there is no list of its files")
        from azml.azure.blob_listing import sizes  # loads an XML parser

        container = url.removesuffix(f"/{folder}")
        if container in self._closed:  # asking for each upload again could take minutes behind a firewall
            raise AzureError(f"{container} could not be listed before")
        try:
            there = sizes(self._arm, container, folder)
        except AzureError:
            self._closed.add(container)
            raise
        return {path: sha256 for path, sha256 in file_list(call.inputs["files"]).items() if path in there}

    def _as_before(self, call: calls.Read) -> calls.State | None:
        account, container = call.inputs.get("accountId"), call.inputs.get("container")
        place = f"{account}/blobServices/default/containers/{container}"
        found = self._arm.get(place, STORAGE_API)
        return None if found is None else calls.State(call.id, call.outputs, call.inputs)

    def delete(self, call: calls.Delete) -> None:
        """Keep the files: versions point to them."""

    def _uploaded(self, urn: str, inputs: Properties) -> Account:
        """Upload what is not there yet; returns the account. Raises ProviderError."""
        account = find_account(self._arm, str(inputs["accountId"]))
        if account is None:
            raise calls.ProviderError(f"there is no storage account {inputs['accountId']} to upload to")
        try:
            self._upload(urn, inputs, account)
        except AzureError as error:
            raise calls.ProviderError(str(error)) from error
        return account

    def _upload(self, urn: str, inputs: Properties, account: Account) -> None:
        folder = str(inputs["folder"])
        items = list(_items(folder, file_list(inputs["files"]), self._sources.of(folder)))
        progress = Progress(
            len(items),
            sum(item.size for item in items),
            lambda text: self._log.status(urn, text),
            lambda text: self._log.info(urn, text),
        )
        with Container(
            self._arm,
            account,
            str(inputs["container"]),
            granted=bool(inputs.get("roleGranted")),
            warn=lambda text: self._log.info(urn, text),
        ) as container:
            Transfer(container, self._shared_lanes(), progress).run(folder, items)
        progress.ended()

    def _shared_lanes(self) -> Lanes:
        with self._lock:
            self._lanes = self._lanes or Lanes()
            return self._lanes


def _lost(olds: Properties, news: Properties) -> bool:
    """Whether files are wanted that the last read has not found."""
    try:
        return bool(file_list(news["files"]).keys() - file_list(olds["files"]).keys())
    except ValueError:  # not known yet, or a state of another form
        return False


def _items(folder: str, files: Mapping[str, str], sources: Mapping[str, Path]) -> Iterator[Item]:
    """Each file with its source. Raises ProviderError for one that is missing or was never given."""
    for path, sha256 in files.items():
        source = sources.get(path)
        if source is None:
            raise calls.ProviderError(f"the program has not said where {path} of {folder} is")
        try:
            size = source.stat().st_size
        except OSError as error:
            raise calls.ProviderError(f"{source} cannot be read: {error.strerror}") from error
        yield Item(f"{folder}/{path}", source, sha256, size)


def _malformed(inputs: Properties) -> Iterator[calls.Failure]:
    for key in inputs.keys() - set(INPUTS):
        yield calls.Failure(key, f"unknown property {key!r}: {did_you_mean(key, INPUTS)}")
    for key in ("accountId", "container", "digest", "folder"):
        if not isinstance(inputs.get(key), str | Unknown):
            yield calls.Failure(key, f"{key} is missing")
    if isinstance(inputs.get("files"), Unknown):
        return
    try:
        files = file_list(inputs.get("files"))
    except ValueError:
        files = {}
    if not files:
        reason = "files must be JSON that maps paths in the folder to the sha256 of their content"
        yield calls.Failure("files", reason)
    elif wrong := [path for path in files if path.startswith("/") or ".." in path.split("/")]:
        yield calls.Failure("files", f"{wrong[0]!r} is not a path inside the folder")
