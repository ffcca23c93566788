"""`azml rollout status` and `watch`: how a rollout stands, once or until it ends."""

from typing import Annotated

import typer

from azml.cli.options import EndpointArgument, JsonOption, StackOption


def status(
    endpoint: EndpointArgument,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when it has ended, or waits for a person.")
    ] = False,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the latest rollout of an endpoint stands; the exit code is its outcome."""
    from azml.cli.rollouts import watching
    from azml.cli.rollouts.session import open_session

    session = open_session(endpoint, stack)
    watching.status(session, wait=wait, as_json=as_json)


def watch(endpoint: EndpointArgument, stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Follow a rollout to its end: one tree on a terminal, else a line for each event."""
    from azml.cli.rollouts import watching
    from azml.cli.rollouts.session import open_session

    watching.follow(open_session(endpoint, stack), as_json=as_json)
