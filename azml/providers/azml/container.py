"""One blob container, reached as the acting identity, or with the account's key where a token may not.

Azure takes minutes to honour a new role assignment (learn.microsoft.com, "Troubleshoot Azure RBAC": up to
10), so a refusal right after one was made is waited out.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from azml.azure.arm import Arm
from azml.azure.errors import AzureError
from azml.providers.azml.roles import BLOB_CONTRIBUTOR

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import ContainerClient

STORAGE_API = "2023-05-01"
SCOPE = "https://storage.azure.com/.default"
ROLE_SECONDS = 600.0
"""How long a refusal is waited out after a role was given."""
_PAUSE_SECONDS = (10.0, 0.2)  # between two tries, on Azure and on the local one
_RETRIES = 5
NO_ROLE = "AuthorizationPermissionMismatch"
NO_KEYS = "KeyBasedAuthenticationNotPermitted"
FIREWALL = "AuthorizationFailure"

T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """A storage account as ARM shows it: its id, its blob address without a slash, whether keys open it."""

    id: str
    blobs: str
    shared_keys: bool

    @property
    def name(self) -> str:
        """The account's name."""
        return self.id.rpartition("/")[2]


def find_account(arm: Arm, account_id: str) -> Account | None:
    """The account of an ARM id; None when it is gone."""
    found = arm.get(account_id, STORAGE_API)
    if found is None:
        return None
    properties = found.get("properties") or {}
    blobs = str((properties.get("primaryEndpoints") or {}).get("blob") or "").rstrip("/")
    return Account(account_id, blobs, properties.get("allowSharedKeyAccess") is not False)


class _Tokens:
    """Tokens of the acting identity, as azure-core asks for them."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def get_token(self, *scopes: str, **options: Any) -> Any:
        from azure.core.credentials import AccessToken

        # The source behind it gives tokens that hold for 5 minutes at least; azure-core asks for the next one
        # 5 minutes before the end it was told.
        return AccessToken(self._arm.token(scopes[0]), int(time.time()) + 600)


class Container:
    """Calls of one container, from any number of threads. `granted`: the stack gives the role itself."""

    def __init__(
        self, arm: Arm, account: Account, name: str, *, granted: bool, told: Callable[[str], None]
    ) -> None:
        self._arm, self.account, self.name, self._told = arm, account, name, told
        self._lock = threading.Lock()
        self._deadline = time.monotonic() + (ROLE_SECONDS if granted else 0.0)
        self._granted = granted
        self._with_key = False
        self._waiting = False
        self._opened: list[ContainerClient] = []
        self._client = self._open(_Tokens(arm))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for client in self._opened:
            client.close()

    def _open(self, credential: Any) -> "ContainerClient":
        from azure.storage.blob import ContainerClient, ExponentialRetry

        retry = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=_RETRIES)
        client = ContainerClient(self.account.blobs, self.name, credential=credential, retry_policy=retry)
        self._opened.append(client)
        return client

    def call(self, action: Callable[["ContainerClient"], T]) -> T:
        """What `action` answers. Raises AzureError in words when the identity and the key may not."""
        from azure.core.exceptions import AzureError as ClientError
        from azure.core.exceptions import HttpResponseError, ResourceExistsError

        while True:
            self._arm.pause(0)
            client = self._client
            try:
                return action(client)
            except ResourceExistsError:
                raise
            except HttpResponseError as error:
                self._overcome(error, client)
            except ClientError as error:
                raise AzureError(f"{self.account.blobs}: {error}") from error

    def _overcome(self, error: "HttpResponseError", client: "ContainerClient") -> None:
        """Wait for the role or turn to the key, after which the call is worth another try; else raise."""
        told = getattr(error, "error_code", None) or ""
        code = str(getattr(told, "value", told))  # an enumeration, but for codes the client does not know
        if code == NO_ROLE and not self._with_key:
            if time.monotonic() < self._deadline:
                self._wait()
            else:
                self._turn_to_key(client)
        elif code in (NO_ROLE, NO_KEYS):
            if client is self._client:
                raise AzureError(self._no_role(), status=403, code=code) from error
        else:
            raise AzureError(_words(code, self.account, error), status=error.status_code or 0, code=code)

    def _wait(self) -> None:
        with self._lock:
            first, self._waiting = not self._waiting, True
        if first:
            minutes = ROLE_SECONDS / 60
            self._told(
                f"waiting for Azure to honour the role {BLOB_CONTRIBUTOR!r} on {self.account.name} "
                f"(takes some minutes, {minutes:.0f} at most)"
            )
        self._arm.pause(_PAUSE_SECONDS[self._arm.cloud.local])

    def _turn_to_key(self, refused: "ContainerClient") -> None:
        with self._lock:
            if self._client is not refused:
                return  # another thread was first
            if not self.account.shared_keys:
                raise AzureError(self._no_role(), status=403, code=NO_ROLE)
            try:
                keys = self._arm.post(f"{self.account.id}/listKeys", STORAGE_API)
            except AzureError as error:
                raise AzureError(f"{self._no_role()} ({error})", status=403, code=NO_ROLE) from None
            key = {"account_name": self.account.name, "account_key": keys["keys"][0]["value"]}
            self._client, self._with_key = self._open(key), True

    def _no_role(self) -> str:
        waited = f", after {ROLE_SECONDS / 60:.0f} minutes" if self._granted else ""
        return (
            f"the identity this runs as may not write blobs{waited}: it needs the role {BLOB_CONTRIBUTOR!r} "
            f"at {self.account.id}, or one that includes it. An owner of that account gives it with "
            f"`az role assignment create --role {BLOB_CONTRIBUTOR!r} --assignee <object id> "
            f"--scope {self.account.id}`"
        )


def _words(code: str, account: Account, error: "HttpResponseError") -> str:
    if code == FIREWALL:
        return (
            f"the network rules of the storage account {account.name} refuse this machine ({code}): run this "
            "from a network that the account allows, or allow this one under Networking of the account"
        )
    return f"{code or error.status_code}: {error.message.splitlines()[0]}"
