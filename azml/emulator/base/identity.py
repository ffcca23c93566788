"""Who may call the local Azure: its one service principal, its secrets, and the tokens it signs."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from azml.emulator.base.damage import note, set_aside
from azml.emulator.base.files import only_one, private_folder, write_private

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
CLIENT = "00000000-0000-0000-0000-000000000003"
PRINCIPAL = "00000000-0000-0000-0000-000000000004"
TOKEN_SECONDS = 86_400
SCORING_AUDIENCE = "https://ml.azure.com"
STORAGE_AUDIENCE = "https://storage.azure.com"
DATAPLANE = "dataplane"
"""The purpose of the secret with which the control plane authenticates to the data plane."""
_ACCOUNT_AUDIENCE = re.compile(r"https://([a-z0-9]{3,24})\.blob\.[a-z.]+")


@dataclass(frozen=True)
class Identity:
    """The folder's secrets. `token` gives access to `/_azml/*`; `signing_key` signs login tokens."""

    client_secret: str
    token: str
    signing_key: str

    def key_for(self, audience: str) -> str:
        """The HS256 key of one audience: a token for one audience is not valid for another."""
        return self.derived(_purpose(audience))

    def derived(self, purpose: str) -> str:
        """A secret for one purpose. It is stable across restarts, and reveals nothing of the others."""
        return hmac.new(self.signing_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def ensure_identity(folder: Path) -> Identity:
    """The folder's secrets, created on first use. Safe to call from several processes at once."""
    path = private_folder(folder) / "identity.json"
    with only_one(folder / ".identity.lock"):
        if known := _read(path):
            return known
        identity = Identity(*(secrets.token_urlsafe(32) for _ in range(3)))
        write_private(path, json.dumps(asdict(identity)).encode())
        return identity


def _read(path: Path) -> Identity | None:
    """What the file holds; None when there is no file. A damaged one is renamed."""
    try:
        known = Identity(**json.loads(path.read_bytes()))
        if all(isinstance(value, str) and value for value in asdict(known).values()):
            return known
        why = "a secret is missing"
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, IsADirectoryError) as error:
        why = type(error).__name__  # its message may quote the file, which holds secrets
    note(
        path.parent,
        f"{path.name} is damaged ({why}) and was recreated: shells that were pointed at the local Azure "
        f"have to be pointed there again (azml emulator env). The damaged file is {set_aside(path).name}.",
    )
    return None


def issue_token(
    identity: Identity,
    audience: str,
    principal: str = PRINCIPAL,
    client: str = CLIENT,
    resource: str = "",
) -> tuple[str, int]:
    """A token and its expiry time (unix seconds), for the service principal or another principal.

    `resource` is the ARM id of a user-assigned identity.
    """
    now = int(time.time())
    claims: dict[str, object] = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": now,
        "nbf": now,
        "exp": now + TOKEN_SECONDS,
        "tid": TENANT,
        "oid": principal,
        "sub": principal,
        "appid": client,
    }
    if resource:
        claims["xms_mirid"] = resource
    return sign(claims, identity.key_for(audience)), now + TOKEN_SECONDS


def sign(claims: dict[str, object], key: str) -> str:
    """A JWT over the claims, signed HS256."""
    head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    text = f"{head}.{_encode(json.dumps(claims).encode())}"
    return f"{text}.{_signature(text, key)}"


def is_valid(token: str, key: str) -> bool:
    """Whether a JWT was signed with this key and has not expired."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(text, key).encode()):
        return False
    return bool(_claims(token)["exp"] > time.time())


def audience_of(token: str) -> str:
    """The audience that a token claims, unverified; empty when it is not a token."""
    try:
        return str(_claims(token)["aud"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def opens_account(audience: str, account: str) -> bool:
    """Whether a storage account accepts tokens of an audience: that of all accounts, or its own.

    learn.microsoft.com, "Authorize access to blobs using Microsoft Entra ID", Microsoft Entra resource ID.
    """
    own = _ACCOUNT_AUDIENCE.fullmatch(audience.rstrip("/"))
    return audience.rstrip("/") == STORAGE_AUDIENCE or bool(own and own[1] == account)


def principal_of(token: str) -> str:
    """The object id of the principal a token was issued to; the token must be valid."""
    return str(_claims(token).get("oid", ""))


def _purpose(audience: str) -> str:
    plain = audience.rstrip("/")
    if plain.startswith(SCORING_AUDIENCE):
        return "scoring"
    is_storage = plain == STORAGE_AUDIENCE or _ACCOUNT_AUDIENCE.fullmatch(plain)
    return "storage" if is_storage else "management"


def _claims(token: str) -> Mapping[str, Any]:
    payload = token.split(".")[1]
    claims: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _signature(text: str, key: str) -> str:
    return _encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
