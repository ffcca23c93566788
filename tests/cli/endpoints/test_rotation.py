"""A rotation of keys: clients are never without a valid key, wherever it is interrupted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from azml.cli.endpoints.keys import Keys, Which
from azml.cli.endpoints.rotation import Records, Rotation
from azml.cli.failure import CommandError

OLD = Keys("old-primary", "old-secondary")


class Killed(BaseException):
    """The command was interrupted."""


@dataclass
class Azure:
    """An endpoint with two keys, and its clients, which hold one. It counts what is done with it."""

    keys: Keys = OLD
    held: str = OLD.primary
    done: list[str] = field(default_factory=list)
    kill: tuple[int, bool] | None = None

    def read(self) -> Keys:
        return self._do("read", lambda: None)

    def verify(self, which: Which, key: str) -> None:
        assert key == self.keys.of(which)
        self._do(f"verify {which}", lambda: None)

    def regenerate(self, which: Which) -> Keys:
        return self._do(f"regenerate {which}", lambda: self._renew(which))

    def hand_over(self, which: Which, key: str) -> None:
        assert key == self.keys.of(which)
        self._do(f"hand over {which}", lambda: setattr(self, "held", key))

    def _renew(self, which: Which) -> None:
        new = f"new-{which}-{len(self.done)}"
        primary = which is Which.PRIMARY
        self.keys = Keys(new, self.keys.secondary) if primary else Keys(self.keys.primary, new)

    def _do(self, what: str, effect: Callable[[], None]) -> Keys:
        """Do something, or be killed before it or right after it."""
        now = self.kill and self.kill[0] == len(self.done)
        self.done.append(what)
        if now and self.kill and not self.kill[1]:
            raise Killed
        effect()
        assert self.held in (self.keys.primary, self.keys.secondary), f"clients are refused after {self.done}"
        if now:
            raise Killed
        return self.keys


def rotate(azure: Azure, folder: Path, *, finish: bool = False, program: bool = False) -> bool:
    records = Records(folder / "rotations.json", "dev/price")
    give = azure.hand_over if program else None
    return Rotation(azure, records, lambda text: None).run(finish=finish, hand_over=give)


def test_each_key_is_verified_and_the_clients_are_told_before_theirs_goes(tmp_path: Path) -> None:
    azure = Azure()
    assert rotate(azure, tmp_path, program=True)
    assert azure.done == [
        "read", "verify primary", "regenerate secondary", "verify secondary", "hand over secondary",
        "regenerate primary", "verify primary", "verify secondary", "hand over primary",
    ]  # fmt: skip
    assert {azure.keys.primary, azure.keys.secondary}.isdisjoint({OLD.primary, OLD.secondary})
    assert azure.held == azure.keys.primary, "the next rotation begins with the secondary again"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(9))
def test_killed_anywhere_it_continues(tmp_path: Path, number: int, after: bool) -> None:
    azure = Azure(kill=(number, after))
    with pytest.raises(Killed):
        rotate(azure, tmp_path, program=True)
    assert rotate(azure, tmp_path, program=True)
    assert {azure.keys.primary, azure.keys.secondary}.isdisjoint({OLD.primary, OLD.secondary})
    assert azure.held == azure.keys.primary
    assert azure.done.count("regenerate secondary") <= (1 if number != 2 or after else 2)
    assert azure.done.count("regenerate primary") <= (1 if number != 5 or after else 2)


def test_without_a_program_the_primary_stays_until_the_clients_have_the_secondary(tmp_path: Path) -> None:
    azure = Azure()
    assert not rotate(azure, tmp_path)
    azure.held = azure.keys.secondary
    assert not rotate(azure, tmp_path), "and the secondary is not regenerated once more"
    assert azure.done.count("regenerate secondary") == 1
    assert azure.keys.primary == OLD.primary
    assert rotate(azure, tmp_path, finish=True)
    assert azure.keys.primary != OLD.primary


def test_nothing_is_finished_that_has_not_begun_in_this_clone(tmp_path: Path) -> None:
    azure = Azure()
    with pytest.raises(CommandError, match="no rotation of this endpoint has begun"):
        rotate(azure, tmp_path, finish=True)
    azure.kill = (len(azure.done) + 2, False)
    with pytest.raises(Killed):
        rotate(azure, tmp_path)
    with pytest.raises(CommandError, match="still the old one"):
        rotate(azure, tmp_path, finish=True)
    assert azure.keys == OLD


def test_the_record_holds_no_key_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    azure, file = Azure(), tmp_path / "rotations.json"
    rotate(azure, tmp_path)
    assert not [key for key in ("old-", "new-") if key in file.read_text()]
    assert "new-" not in repr(azure.keys)
    file.write_text("{")
    with pytest.raises(CommandError, match=r"rotations\.json cannot be read"):
        rotate(azure, tmp_path)
