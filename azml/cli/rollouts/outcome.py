"""How a rollout stands, as an exit code."""

from collections.abc import Mapping

from azml.cli.failure import ExitCode
from azml.rollout.deciding.state import Phase, State

CODES: Mapping[Phase, ExitCode] = {
    Phase.SUCCEEDED: ExitCode.DONE,
    Phase.RETIRING: ExitCode.DONE,
    Phase.ROLLED_BACK: ExitCode.ROLLED_BACK,
    Phase.ABORTED: ExitCode.ABORTED,
    Phase.SUPERSEDED: ExitCode.SUPERSEDED,
    Phase.PAUSED: ExitCode.PAUSED,
    Phase.STUCK: ExitCode.STUCK,
}


def code(state: State) -> ExitCode:
    """The exit code of a state: 0 only where the candidate has all the traffic."""
    return CODES.get(state.phase, ExitCode.UNFINISHED)
