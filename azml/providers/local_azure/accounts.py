"""Storage accounts: their blob endpoints, and how requests to them are signed."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from azml.azure.arm import Arm
from azml.azure_native.types import BY_TOKEN
from azml.engine_values import Properties
from azml.providers.local_azure.names import address

_SIGNED = ("content-encoding", "content-language", "content-length", "content-md5", "content-type", "date")


@dataclass(frozen=True)
class Account:
    """A storage account's name, its blob endpoint without a final slash, and a key."""

    name: str
    blobs: str
    key: bytes = field(repr=False)


class Accounts:
    """The storage accounts that blobs are written to; each is looked up once."""

    def __init__(self, arm: Arm, subscription: Callable[[], str]) -> None:
        self._arm = arm
        self._subscription = subscription
        self._lock = threading.Lock()
        self._known: dict[str, Account] = {}

    def find(self, inputs: Properties) -> Account | None:
        """The account named in the inputs; None when it does not exist."""
        row = BY_TOKEN["azure-native:storage:StorageAccount"]
        place = address(row.path, self._subscription(), inputs)
        with self._lock:
            if place not in self._known:
                found = self._arm.get(place, row.api_version)
                if found is None:
                    return None
                keys = self._arm.post(f"{place}/listKeys", row.api_version)["keys"]
                self._known[place] = Account(
                    str(inputs["accountName"]),
                    str(found["properties"]["primaryEndpoints"]["blob"]).rstrip("/"),
                    base64.b64decode(keys[0]["value"]),
                )
            return self._known[place]


def signature(method: str, url: str, headers: Mapping[str, str], account: Account) -> str:
    """The Shared Key signature of a request without query parameters.

    The rule: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
    """
    given = {name.lower(): value for name, value in headers.items()}
    length = given.get("content-length", "")
    standard = [given.get(name, "") for name in _SIGNED]
    standard[_SIGNED.index("content-length")] = "" if length == "0" else length
    conditions = [
        "",
        "",
        "",
        "",
        "",
    ]  # If-Modified-Since, If-Match, If-None-Match, If-Unmodified-Since, Range
    own = [f"{name}:{given[name]}" for name in sorted(given) if name.startswith("x-ms-")]
    resource = f"/{account.name}{urlsplit(url).path}"
    text = "\n".join([method, *standard, *conditions, *own, resource])
    return base64.b64encode(hmac.new(account.key, text.encode(), hashlib.sha256).digest()).decode()
