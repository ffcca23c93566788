"""`azml traffic`: set an endpoint's shares of traffic at once, in one write."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from azml import rules
from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints, shares
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.options import EndpointArgument, StackOption
from azml.cli.release import moves
from azml.cli.release.patch import patch
from azml.cli.stacks import names, stacks
from azml.findings import Finding, InvalidInput, did_you_mean
from azml.stack.stack_file import StackEndpoint


def traffic(
    endpoint: EndpointArgument,
    wanted: Annotated[
        list[str],
        typer.Argument(
            metavar="SLOT=PERCENT...", help="The shares, such as blue=90 green=10; other slots get none."
        ),
    ],
    print_only: Annotated[
        bool, typer.Option("--print", help="Show the change of the stack file; move and write nothing.")
    ] = False,
    stack: StackOption = None,
) -> None:
    """Give an endpoint's slots these shares of the traffic at once, and update the stack file."""
    from azml.cli.rollouts import ownership  # loads what reads journals

    asked = read_shares(wanted)
    chosen = stacks.choose(find_clone(), stack)
    declared = chosen.file.endpoint(endpoint)
    ownership.require_none(chosen, declared, "moving the traffic")
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.azure_name(declared))
    if findings := list(problems(declared, found, asked)):
        raise InvalidInput(findings)
    live = {slot: share for slot, share in asked.items() if share}
    if print_only:
        shares.edit(chosen, declared, live)
        change = patch(chosen.path, chosen.clone.root, chosen.file.before, chosen.file.text)
        typer.echo(change, nl=False)
        return
    title = f"Traffic of {found.name}: {endpoints.shares(live)}"
    shares.move(connection, found, live, found.mirror_traffic, title)
    moves.note(chosen, declared.key, found.traffic, live)
    shares.keep(chosen, declared, live)


def read_shares(wanted: list[str]) -> dict[str, int]:
    """The shares in the arguments. Raises InvalidInput with every argument that is not a share."""
    findings, asked = [], {}
    for text in wanted:
        slot, _, percent = text.partition("=")
        if not slot or not percent.isascii() or not percent.isdigit():
            findings.append(
                Finding(f"{text!r} is not a share", "write a slot and a whole percent, as blue=90")
            )
        elif slot in asked:
            findings.append(Finding(f"{slot} is named twice", "name each slot once"))
        else:
            asked[slot] = int(percent)
    if not findings:
        findings += [
            Finding(f"{problem.name or ' '.join(wanted)} {problem.message}", problem.remedy)
            for problem in rules.share_problems(asked, {})
        ]
    if findings:
        raise InvalidInput(findings)
    return asked


def problems(declared: StackEndpoint, found: OnlineEndpoint, asked: Mapping[str, int]) -> Iterator[Finding]:
    """Every reason against these shares: unknown slots, slots that are not ready, mirroring."""
    there = [one.name for one in found.deployments]
    for slot in asked:
        if slot not in there:
            known = slot in declared.slots
            remedy = (
                "pulumi up creates it" if known else did_you_mean(slot, there) if there else "it has none"
            )
            yield Finding(f"endpoint {found.name} has no deployment {slot!r}", remedy)
        elif slot not in declared.slots:
            remedy = (
                f"declare it in azml:endpoints.{declared.key}.deployments, or the next up would delete it"
            )
            yield Finding(f"{slot} is not in the stack file", remedy)
    yield from shares.not_serving(found, asked)
    mirrors = {**(declared.mirror_traffic or {}), **found.mirror_traffic}
    for slot in rules.mirrored_and_live(asked, mirrors):
        message = f"{slot} gets {mirrors[slot]} % mirrored, and Azure does not mirror to a live slot"
        remedy = "end the mirroring first: `mirror_traffic: {}` in the stack file, then pulumi up"
        yield Finding(message, remedy)
