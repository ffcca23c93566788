"""`azml keys`: credentials for requests. A key goes to another program, never to a terminal or a file."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints, sample, scoring
from azml.cli.endpoints import keys as endpoint_keys
from azml.cli.endpoints.keys import EndpointKeys, Which
from azml.cli.endpoints.rotation import HandOver, Records, Rotation
from azml.cli.endpoints.scoring import Request
from azml.cli.failure import CommandError, InputError
from azml.cli.options import EndpointArgument, StackOption
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Stack
from azml.cli.terminal import step

keys = typer.Typer(no_args_is_help=True, help="Credentials for requests.")


@keys.command()
def header(
    endpoint: EndpointArgument,
    secondary: Annotated[
        bool, typer.Option("--secondary", help="With the secondary key, as during a rotation.")
    ] = False,
    stack: StackOption = None,
) -> None:
    """Write the Authorization header of an endpoint, for another program to read.

    As in: curl -H "$(azml keys header diabetes)" ...
    """
    if sys.stdout.isatty():
        raise InputError(
            "a key is not shown on a terminal", f'pass it on: curl -H "$(azml keys header {endpoint})" ...'
        )
    chosen = stacks.choose(find_clone(), stack)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.in_azure(chosen.file, endpoint))
    bearer = (
        endpoint_keys.read(connection, found).secondary if secondary else endpoints.bearer(connection, found)
    )
    typer.echo(f"Authorization: Bearer {bearer}")


@keys.command()
def rotate(
    endpoint: EndpointArgument,
    finish: Annotated[
        bool, typer.Option("--finish", help="The clients use the new secondary key: renew the primary.")
    ] = False,
    hand_over: Annotated[
        Path | None,
        typer.Option(
            metavar="PROGRAM",
            exists=True,
            dir_okay=False,
            help="Gives a key to all clients: it runs with ENDPOINT and the key's name, and reads the key.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            exists=True,
            dir_okay=False,
            help="The request that verifies each key. Default: the sample of the endpoint's folder.",
        ),
    ] = None,
    stack: StackOption = None,
) -> None:
    """Give an endpoint new keys without downtime: the secondary first, and the primary once it is unused.

    Run it again after an interruption: it continues.
    """
    if finish and hand_over:
        raise InputError("--finish and --hand-over exclude each other", "with a program, leave --finish out")
    chosen = stacks.choose(find_clone(), stack)
    request = _request(chosen, endpoint, file)
    give = giver(hand_over, endpoint) if hand_over else None
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.in_azure(chosen.file, endpoint))
    records = Records(chosen.clone.work / "rotations.json", f"{chosen.name}/{found.name}")
    with step(f"New keys for {found.name}") as current:
        rotation = Rotation(EndpointKeys(connection, found, request), records, current.say)
        complete = rotation.run(finish=finish, hand_over=give)
        current.done("both are new and verified" if complete else "the secondary is new and verified")
    typer.echo(_next(endpoint, complete=complete, handed_over=give is not None), err=True)


def _request(stack: Stack, endpoint: str, file: Path | None) -> Request:
    """The request that verifies the keys. Raises InputError when there is none."""
    found = file or sample.find_request(stack.file.endpoint(endpoint).folder)
    if found is None:
        raise InputError(
            f"{endpoint} has no sample request to verify its keys with",
            "put one into its requests/ folder, or choose a file with --file",
        )
    return scoring.read_request(found)


def giver(program: Path, endpoint: str) -> HandOver:
    """Runs `program ENDPOINT KEY_NAME` with the key on standard input: no other process can see it there."""
    if not os.access(program, os.X_OK):
        raise InputError(f"{program} cannot be executed", f"chmod +x {program}")

    def give(which: Which, key: str) -> None:
        # What it prints is not an answer of this command.
        done = subprocess.run(
            [str(program.resolve()), endpoint, str(which)],
            input=key,
            text=True,
            stdout=sys.stderr,
            check=False,
        )
        if done.returncode:
            raise CommandError(
                f"{program} ended with exit code {done.returncode} when it was given the {which} key",
                "the key that clients hold still works; correct the program, then run the command again",
            )

    return give


def _next(endpoint: str, *, complete: bool, handed_over: bool) -> str:
    """What is left to do for the user."""
    if not complete:
        return (
            f"Give it to every client: azml keys header {endpoint} --secondary\n"
            f"Then, and not before: azml keys rotate {endpoint} --finish"
        )
    if handed_over:
        return "The clients hold the primary key, and no key from before is accepted."
    return (
        f"Give every client the primary key before the next rotation: azml keys header {endpoint}\n"
        "Until then, the secondary key works."
    )
