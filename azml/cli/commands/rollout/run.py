"""`azml rollout run` and `retry`: take an idle slot's deployed version through the endpoint's plan."""

from typing import Annotated

import typer

from azml.cli.commands.rollout.plans import PerMinuteOption
from azml.cli.options import EndpointArgument, JsonOption, StackOption

SlotOption = Annotated[
    str | None, typer.Option("--slot", metavar="SLOT", help="The candidate, where several slots are idle.")
]
BrokenOption = Annotated[
    bool,
    typer.Option(
        "--stable-is-broken",
        help="Straight to 100 percent after smoke: nothing is compared with a deployment that is broken.",
    ),
]
SupersedeOption = Annotated[
    bool, typer.Option("--supersede", help="End an unfinished rollout of the endpoint first, by going back.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def run(
    endpoint: EndpointArgument,
    slot: SlotOption = None,
    per_minute: PerMinuteOption = None,
    stable_is_broken: BrokenOption = False,
    supersede: SupersedeOption = False,
    yes: YesOption = False,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the version that an idle slot has deployed through the endpoint's plan, to its end."""
    _start(endpoint, slot, per_minute, stable_is_broken, supersede, yes, stack, as_json, again=False)


def retry(
    endpoint: EndpointArgument,
    slot: SlotOption = None,
    per_minute: PerMinuteOption = None,
    stable_is_broken: BrokenOption = False,
    yes: YesOption = False,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a version again that was rolled back before: without this it stays rejected."""
    _start(endpoint, slot, per_minute, stable_is_broken, False, yes, stack, as_json, again=True)


def confirm_broken(endpoint: str) -> None:
    """Ask whether the version that serves now is broken; ends the command where it is not."""
    question = f"{endpoint}: nothing will be compared with the version that serves now. Is that one broken?"
    typer.confirm(question, abort=True, err=True)


def _start(
    endpoint: str,
    slot: str | None,
    per_minute: float | None,
    broken: bool,
    supersede: bool,
    yes: bool,
    stack: str | None,
    as_json: bool,
    *,
    again: bool,
) -> None:
    from azml.cli.rollouts import carrying, opening  # not at every command's start
    from azml.cli.rollouts.session import open_session

    session = open_session(endpoint, stack)
    if broken and not yes:
        confirm_broken(endpoint)
    if supersede:
        carrying.supersede(session, as_json=as_json)
    wanted = opening.Wanted(slot, per_minute, broken, again)
    opening.open_rollout(session, wanted)
    carrying.carry(session, as_json=as_json)
