"""A control plane of its own for tests of uploads, and the plugin's client for it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from azml.azure.arm import Arm
from azml.azure.settings import AzureSettings
from azml.emulator.base.identity import CLIENT, SUBSCRIPTION, TENANT
from azml.emulator.control.storage.roles import BLOB_CONTRIBUTOR
from azml.providers.azml.container import Container, find_account
from azml.providers.azml.progress import Progress
from azml.providers.azml.transfer import Lanes, Transfer
from tests.emulator.local_azure import ACCOUNT, WORKSPACE, LocalAzure, build_workspace, grant

ACCOUNT_BODY = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


def started(folder: Path) -> Iterator[LocalAzure]:
    """A local Azure with a workspace, until the test is over."""
    azure = LocalAzure(folder)
    azure.start()
    try:
        build_workspace(azure)
        yield azure
    finally:
        azure.stop()


def connected(azure: LocalAzure, monkeypatch: pytest.MonkeyPatch) -> Arm:
    """The plugin's client, signed in, with the local Azure's certificate trusted by every client here.

    It may write blobs, by token or by key, whatever an earlier test left.
    """
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(azure.folder / "ca.pem"))
    azure.done(azure.arm("PUT", ACCOUNT, ACCOUNT_BODY))
    grant(azure, BLOB_CONTRIBUTOR)
    return Arm(
        AzureSettings(
            subscription_id=SUBSCRIPTION,
            tenant_id=TENANT,
            client_id=CLIENT,
            client_secret=azure.identity.client_secret,
            metadata_host=azure.url,
        )
    )


def container_name(azure: LocalAzure) -> str:
    """The container of the workspace's default datastore."""
    return f"azureml-blobstore-{azure.arm('GET', WORKSPACE).body['properties']['workspaceId']}"


@dataclass
class Uploads:
    """Containers as uploads reach them, and uploads that tell nobody how far they are."""

    azure: LocalAzure
    arm: Arm
    opened: ExitStack
    told: list[str] = field(default_factory=list)
    lanes: Lanes = field(default_factory=Lanes)

    def container(self, *, granted: bool = False) -> Container:
        """The container of the workspace's default datastore."""
        account = find_account(self.arm, ACCOUNT)
        assert account is not None
        name = container_name(self.azure)
        made = Container(self.arm, account, name, granted=granted, told=self.told.append)
        return self.opened.enter_context(made)

    def transfer(self, own: Container) -> Transfer:
        """An upload into it."""
        return Transfer(own, self.lanes, Progress(1, 1, lambda text: None, lambda text: None))
