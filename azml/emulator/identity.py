"""Who may speak to the local Azure: its one service principal, its secrets, and the tokens it signs."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from azml.emulator.damage import note, set_aside
from azml.emulator.files import only_one, private_folder, write_private

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
CLIENT = "00000000-0000-0000-0000-000000000003"
PRINCIPAL = "00000000-0000-0000-0000-000000000004"
TOKEN_SECONDS = 86_400
SCORING_AUDIENCE = "https://ml.azure.com"


@dataclass(frozen=True)
class Identity:
    """The folder's secrets. `token` opens `/_azml/*`; `signing_key` signs what the login endpoint gives."""

    client_secret: str
    token: str
    signing_key: str

    def key_for(self, audience: str) -> str:
        """The HS256 key of one audience: a token for scoring opens no management call, nor the other way."""
        purpose = "scoring" if audience.rstrip("/").startswith(SCORING_AUDIENCE) else "management"
        return hmac.new(self.signing_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def ensure_identity(folder: Path) -> Identity:
    """The folder's secrets, made at first and kept after. Safe to call from several processes at once."""
    path = private_folder(folder) / "identity.json"
    with only_one(folder / ".identity.lock"):
        if known := _read(path):
            return known
        identity = Identity(*(secrets.token_urlsafe(32) for _ in range(3)))
        write_private(path, json.dumps(asdict(identity)).encode())
        return identity


def _read(path: Path) -> Identity | None:
    """What the file holds; None when there is none. A damaged one is put aside."""
    try:
        known = Identity(**json.loads(path.read_bytes()))
        if all(isinstance(value, str) and value for value in asdict(known).values()):
            return known
        why = "a secret is missing"
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, IsADirectoryError) as error:
        why = type(error).__name__  # its words may quote the file, and that holds secrets
    note(
        path.parent,
        f"{path.name} is damaged ({why}) and made anew: shells that were pointed at the local Azure have to "
        f"be pointed there again (azml emulator env). The damaged file is {set_aside(path).name}.",
    )
    return None


def issue_token(
    identity: Identity,
    audience: str,
    principal: str = PRINCIPAL,
    client: str = CLIENT,
    resource: str = "",
) -> tuple[str, int]:
    """A token and the time (unix seconds) at which it ends: for the service principal, or for another one.

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
    """Whether a JWT was signed with this key and has not ended."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(text, key).encode()):
        return False
    payload = text.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return bool(claims["exp"] > time.time())


def principal_of(token: str) -> str:
    """The object id of whom a token was issued to; the token must be valid."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims.get("oid", ""))


def _signature(text: str, key: str) -> str:
    return _encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
