"""New keys for an endpoint without downtime: at each moment, the key that its clients hold is accepted.

The secondary is regenerated and given to the clients, then the primary. What is done already is seen in
Azure: the keys are compared with fingerprints of those that were there when the rotation began.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from azml.atomic_write import write_atomically
from azml.cli.endpoints.keys import Keys, Which
from azml.cli.failure import CommandError

HandOver = Callable[[Which, str], None]
"""Gives a key to the clients, and returns once they use it."""


class Access(Protocol):
    """What a rotation needs of an endpoint: see `keys.EndpointKeys`."""

    def read(self) -> Keys:
        """Both keys, as Azure has them now."""

    def verify(self, which: Which, key: str) -> None:
        """Send a request with the key; raises CommandError when it is not answered."""

    def regenerate(self, which: Which) -> Keys:
        """Have Azure make a new key; returns both keys."""


@dataclass(frozen=True)
class Begun:
    """A rotation that has begun: fingerprints of the keys before it, and the day. Holds no secret.

    A key given by a person may be short, so the fingerprints are salted and slow to compute.
    """

    day: str
    salt: str
    primary: str
    secondary: str

    def is_old(self, which: Which, keys: Keys) -> bool:
        """Whether a key is still the one from before the rotation."""
        before = self.primary if which is Which.PRIMARY else self.secondary
        return before == _fingerprint(keys.of(which), self.salt)


class Records:
    """The rotations that have begun and not ended, in a file of the clone, by stack and endpoint."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key

    def read(self) -> Begun | None:
        """The endpoint's rotation; None when none has begun in this clone."""
        found = self._all().get(self._key)
        return Begun(**found) if found else None

    def begin(self, keys: Keys) -> Begun:
        """Note that a rotation of these keys begins."""
        salt = secrets.token_hex(16)
        primary, secondary = (_fingerprint(keys.of(which), salt) for which in Which)
        begun = Begun(f"{datetime.now(UTC):%Y-%m-%d}", salt, primary, secondary)
        self._write({**self._all(), self._key: asdict(begun)})
        return begun

    def end(self) -> None:
        """Forget the endpoint's rotation."""
        self._write({key: begun for key, begun in self._all().items() if key != self._key})

    def _all(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            raise CommandError(
                f"{self._path} cannot be read, so what is done of a rotation is not known",
                "delete it once every client has the primary key; then rotate anew",
            ) from None
        return found

    def _write(self, begun: Mapping[str, Any]) -> None:
        self._path.parent.mkdir(exist_ok=True)
        write_atomically(self._path, json.dumps(begun, indent=1).encode())


@dataclass(frozen=True)
class Rotation:
    """One endpoint's rotation. `say` tells the user what was done; no key is part of it."""

    access: Access
    records: Records
    say: Callable[[str], None]

    def run(self, *, finish: bool, hand_over: HandOver | None) -> bool:
        """Do what is left, as far as the clients allow; returns whether the rotation is complete.

        Without `hand_over` it stops once the secondary is new, until the user says with `finish` that the
        clients use it. Interrupted anywhere, it continues when it is run again.
        """
        keys, begun = self.access.read(), self.records.read()
        if begun is None:
            begun = self._begin(keys, finish=finish)
        if begun.is_old(Which.SECONDARY, keys):
            if finish:
                raise CommandError("the secondary key is still the old one", "run it without --finish first")
            keys = self.access.regenerate(Which.SECONDARY)
        self._verify(Which.SECONDARY, keys)
        if begun.is_old(Which.PRIMARY, keys):
            if hand_over:
                self._hand_over(hand_over, Which.SECONDARY, keys)
            elif not finish:
                return False
            keys = self.access.regenerate(Which.PRIMARY)
        for which in Which:
            self._verify(which, keys)
        if hand_over:
            self._hand_over(hand_over, Which.PRIMARY, keys)
        self.records.end()
        return True

    def _begin(self, keys: Keys, *, finish: bool) -> Begun:
        """Begin, after a request that shows that a later failure comes from the new key."""
        if finish:
            raise CommandError(
                "no rotation of this endpoint has begun in this clone",
                "run it without --finish first; where another clone began it, run it there",
            )
        self.access.verify(Which.PRIMARY, keys.primary)
        return self.records.begin(keys)

    def _verify(self, which: Which, keys: Keys) -> None:
        self.access.verify(which, keys.of(which))
        self.say(f"the {which} key answers a request")

    def _hand_over(self, hand_over: HandOver, which: Which, keys: Keys) -> None:
        hand_over(which, keys.of(which))
        self.say(f"the {which} key is handed over")


def _fingerprint(key: str, salt: str) -> str:
    return hashlib.scrypt(key.encode(), salt=bytes.fromhex(salt), n=2**12, r=8, p=1, dklen=16).hex()
