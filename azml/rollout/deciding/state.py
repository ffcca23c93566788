"""Where a rollout stands."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from azml.rollout.journals.journal import Shares
from azml.rollout.judging.looks import Tally


class Phase(StrEnum):
    """What a rollout does."""

    DECLARED = "declared"
    SHIFTING = "shifting"
    SMOKE = "smoke"
    SHADOW = "shadow"
    BAKING = "baking"
    WAITING = "waiting"
    FULL = "full"
    RETIRING = "retiring"
    PAUSED = "paused"
    ROLLING_BACK = "rolling_back"
    STUCK = "stuck"
    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"
    SUPERSEDED = "superseded"

    @property
    def said(self) -> str:
        """In words."""
        return self.value.replace("_", " ")


ENDED = frozenset({Phase.SUCCEEDED, Phase.ROLLED_BACK, Phase.ABORTED, Phase.SUPERSEDED})
NOT_UNDER_WAY = ENDED | {Phase.DECLARED}
IN_STEP = frozenset({Phase.SMOKE, Phase.SHADOW, Phase.BAKING, Phase.FULL, Phase.WAITING, Phase.RETIRING})


NONE = Shares(0, 0)
NO_TALLIES: Mapping[str, Tally] = MappingProxyType({})


class State(NamedTuple):
    """All that a decision needs to know of the past.

    `shares` are the last ones read back, `earlier` all that ever were, `back` those before the rollout.
    `step` is the one that is under way or comes next. `entered` is when it began, `measured` how many of its
    seconds were looked at, `looked` when the last look was. `written` is when Azure took the shares that are
    `intended`. `idle` are seconds that people took. After a person `resumed` it, traffic that somebody had
    moved is moved again. A rollout that is `withdrawing` `ends_as` one of the last phases. `untold` are the
    phases and webhooks of which nobody has been told yet.
    """

    phase: Phase = Phase.DECLARED
    step: int = 0
    shares: Shares = NONE
    back: Shares = NONE
    earlier: frozenset[Shares] = frozenset()
    intended: Shares | None = None
    written: float | None = None
    rewritten: bool = False
    started: float = 0.0
    since: float = 0.0
    entered: float = 0.0
    looked: float = 0.0
    measured: float = 0.0
    idle: float = 0.0
    extended: int = 0
    tallies: Mapping[str, Tally] = NO_TALLIES
    withdrawing: bool = False
    ends_as: Phase = Phase.ROLLED_BACK
    resumed: bool = False
    stable_is_broken: bool = False
    noted: bool = False
    reason: str = ""
    untold: tuple[tuple[Phase, str], ...] = ()

    @property
    def first(self) -> bool:
        """Whether no deployment had traffic before: there is nothing to compare with or to go back to."""
        return self.back.stable == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other deployment to compare with, or none that is worth it."""
        return self.first or self.stable_is_broken
