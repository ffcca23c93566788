"""The journal of an endpoint's latest rollout, as a blob in the workspace's storage that its team shares."""

from typing_extensions import override

from azml.azure import rollouts
from azml.azure.blobs import Blob, ChangedError, Content, NoContainerError
from azml.azure.errors import AzureError
from azml.azure.storage_accounts import workspace_account
from azml.cli.failure import CommandError
from azml.cli.stacks.stacks import Connection
from azml.rollout.driving.ports import Conflict, JournalStore, Saved, Unavailable


class BlobJournal(JournalStore):
    """A journal by conditional writes. Its time is the blob service's own, in whole seconds."""

    def __init__(self, connection: Connection, container: str, endpoint: str) -> None:
        self._connection = connection
        self._container = container
        self._endpoint = endpoint

    @property
    def url(self) -> str:
        """The address of the blob."""
        return self._blob().url

    @override
    def read(self) -> Saved | None:
        """The journal; None where there is none. Raises Unavailable, CommandError without a role."""
        try:
            found = self._blob().read()
        except NoContainerError:
            return None  # a write says what is missing
        except AzureError as failed:
            raise _failure(failed) from failed
        return None if found is None else _saved(found)

    @override
    def write(self, text: str, etag: str | None) -> Saved:
        try:
            return _saved(self._blob().write(text.encode(), etag))
        except ChangedError as changed:
            raise Conflict(str(changed)) from changed
        except AzureError as failed:
            raise _failure(failed) from failed

    def kept(self, name: str) -> str | None:
        """What is kept under this name; None where nothing is. Raises Unavailable."""
        try:
            found = self._blob(name).read()
        except AzureError as failed:
            raise _failure(failed) from failed
        return None if found is None else found.data.decode()

    @override
    def keep(self, name: str, text: str) -> None:
        try:
            self._blob(name).write(text.encode(), None)
        except ChangedError:
            return  # it is kept already
        except AzureError as failed:
            raise _failure(failed) from failed

    def _blob(self, kept: str = rollouts.LATEST) -> Blob:
        workspace = self._connection.workspace.name
        return Blob(
            self._connection.arm, self._container, rollouts.blob_name(workspace, self._endpoint, kept)
        )


def journal_of(connection: Connection, endpoint: str) -> BlobJournal:
    """The journal of the endpoint with this name in Azure. Raises AzureError without a workspace."""
    account = workspace_account(connection.arm, connection.workspace.id)
    return BlobJournal(connection, rollouts.container_in(account), endpoint)


def _saved(content: Content) -> Saved:
    return Saved(content.data.decode(), content.etag, content.now)


def _failure(failed: AzureError) -> Exception:
    """What repeating mends is Unavailable; a missing container or role is for a person."""
    if isinstance(failed, NoContainerError):
        return CommandError(
            f"rollouts have no place for their journals yet: {failed}",
            "update the stack, now that an endpoint has a rollout: pulumi up, or azml up if it is local",
        )
    if failed.status in (401, 403):
        return CommandError(f"the journal of the rollout cannot be used: {failed}")
    return Unavailable(f"the journal of the rollout cannot be reached: {failed}")
