"""`azml rollout pause`, `resume`, `approve` and `abort`: what a person wants of a rollout."""

from azml.cli.commands.rollout.run import BrokenOption, YesOption, confirm_broken
from azml.cli.options import EndpointArgument, JsonOption, StackOption


def pause(endpoint: EndpointArgument, stack: StackOption = None) -> None:
    """Hold a rollout where it is: the shares stay, and nothing is looked at until it is resumed."""
    from azml.cli.rollouts import carrying
    from azml.cli.rollouts.session import open_session

    carrying.wish(open_session(endpoint, stack), "pause")


def resume(
    endpoint: EndpointArgument,
    stable_is_broken: BrokenOption = False,
    yes: YesOption = False,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a rollout that is paused, or whose engine has ended; a step that was paused is repeated."""
    from azml.cli.rollouts import carrying
    from azml.cli.rollouts.session import open_session

    session = open_session(endpoint, stack)
    if stable_is_broken and not yes:
        confirm_broken(endpoint)
    carrying.resume(session, stable_is_broken=stable_is_broken, as_json=as_json)


def approve(endpoint: EndpointArgument, stack: StackOption = None) -> None:
    """Let a rollout that waits for a person go on."""
    from azml.cli.rollouts import carrying
    from azml.cli.rollouts.session import open_session

    carrying.wish(open_session(endpoint, stack), "approve")


def abort(endpoint: EndpointArgument, stack: StackOption = None, as_json: JsonOption = False) -> None:
    """End a rollout: all traffic goes back to the version that had it before, in one write, verified."""
    from azml.cli.rollouts import carrying
    from azml.cli.rollouts.session import open_session

    carrying.abort(open_session(endpoint, stack), as_json=as_json)
