"""The plugin's client for a control plane, and uploads by it."""

from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from azml.azure.arm import Arm
from azml.azure.container import Container
from azml.azure.settings import AzureSettings
from azml.azure.storage_accounts import find_account
from azml.emulator.base.identity import CLIENT, SUBSCRIPTION, TENANT
from azml.emulator.control.storage.roles import BLOB_CONTRIBUTOR
from azml.providers.azml.progress import Progress
from azml.providers.azml.transfer import Lanes, Transfer
from tests.fixtures.control_plane import ACCOUNT, WORKSPACE, ControlPlane, grant

ACCOUNT_BODY = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


def connected(azure: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Arm:
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


def container_name(azure: ControlPlane) -> str:
    """The container of the workspace's default datastore."""
    return f"azureml-blobstore-{azure.arm('GET', WORKSPACE).body['properties']['workspaceId']}"


@dataclass
class Uploads:
    """Containers as uploads reach them, and uploads that tell nobody how far they are."""

    azure: ControlPlane
    arm: Arm
    opened: ExitStack
    told: list[str] = field(default_factory=list)
    lanes: Lanes = field(default_factory=Lanes)

    def container(self, *, granted: bool = False) -> Container:
        """The container of the workspace's default datastore."""
        account = find_account(self.arm, ACCOUNT)
        assert account is not None
        name = container_name(self.azure)
        made = Container(self.arm, account, name, granted=granted, warn=self.told.append)
        return self.opened.enter_context(made)

    def transfer(self, own: Container) -> Transfer:
        """An upload into it."""
        return Transfer(own, self.lanes, Progress(1, 1, lambda text: None, lambda text: None))
