"""A blob container, reached with the acting identity, or with the account's key if a token is refused.

Azure takes minutes to honour a new role assignment (learn.microsoft.com, "Troubleshoot Azure RBAC": up to
10), so a refusal right after one was created is retried.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from azml.azure.arm import Arm
from azml.azure.errors import AzureError, client_code
from azml.azure.storage_accounts import STORAGE_API, Account
from azml.roles import BLOB_CONTRIBUTOR

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import ContainerClient

ROLE_SECONDS = 600.0
"""How long a refusal is retried after a role was granted."""
_PAUSE_SECONDS = (10.0, 0.2)  # between two tries, on Azure and on the local one
_RETRIES = 5
NO_ROLE = "AuthorizationPermissionMismatch"
NO_KEYS = "KeyBasedAuthenticationNotPermitted"
FIREWALL = "AuthorizationFailure"

T = TypeVar("T")


class _Tokens:
    """Tokens of the acting identity, in the form azure-core expects."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def get_token(self, *scopes: str, **options: Any) -> Any:
        from azure.core.credentials import AccessToken

        # The token source gives tokens that are valid for at least 5 minutes; azure-core requests the next
        # one 5 minutes before the expiry it was given.
        return AccessToken(self._arm.token(scopes[0]), int(time.time()) + 600)


class Container:
    """Thread-safe calls to one container. `granted`: the stack grants the role itself."""

    def __init__(
        self, arm: Arm, account: Account, name: str, *, granted: bool, warn: Callable[[str], None]
    ) -> None:
        self._arm, self.account, self.name, self._warn = arm, account, name, warn
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
        """The result of `action`. Raises AzureError with an explanation when identity and key are refused."""
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
        """Wait for the role or switch to the key, after which the call can be retried; else raise."""
        code = client_code(error)
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
            self._warn(
                f"waiting for Azure to honour the role {BLOB_CONTRIBUTOR!r} on {self.account.name} "
                f"(takes some minutes, {minutes:.0f} at most)"
            )
        self._arm.pause(_PAUSE_SECONDS[self._arm.cloud.local])

    def _turn_to_key(self, refused: "ContainerClient") -> None:
        with self._lock:
            if self._client is not refused:
                return  # another thread has already switched
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
