"""`azml emulator`: the local Azure without a stack, and how to point any client at it."""

import shlex
from collections.abc import Mapping
from typing import Annotated

import typer

from azml.cli import terminal
from azml.cli.clone import Clone, find_clone
from azml.cli.failure import NotThereError
from azml.cli.local import lifecycle, local_azure, proxy_variables
from azml.cli.local.engine import ELSEWHERE, additions, foreign
from azml.cli.local.lifecycle import stop as stop_quietly
from azml.cli.local.local_azure import LocalAzure
from azml.cli.options import PORT, SCORING_PORT, JsonOption, PortOption, ScoringPortOption
from azml.cli.stacks import sdk_config
from azml.cli.stacks.stacks import LOCAL, Stack, workspace_of
from azml.toolchain.pulumi import find_cached, find_installed

emulator = typer.Typer(no_args_is_help=True, help="The local Azure without a stack.")


@emulator.command()
def start(port: PortOption = PORT, scoring_port: ScoringPortOption = SCORING_PORT) -> None:
    """Start the local Azure in the background."""
    lifecycle.require_platform()
    clone = find_clone()
    with local_azure.alone(clone):
        lifecycle.start(clone, port, scoring_port)


@emulator.command()
def stop() -> None:
    """Stop the local Azure. Its data is kept for the next start."""
    clone = find_clone()
    with local_azure.alone(clone):
        stop_quietly(clone)


@emulator.command()
def status(as_json: JsonOption = False) -> None:
    """Show whether the local Azure runs, and where. Exit code 3 when it does not."""
    clone = find_clone()
    found = local_azure.running(clone)
    if as_json:
        terminal.machine(_document(clone, found))
    elif found:
        typer.echo(f"running: process {found.pid}, {found.arm}, scoring {found.scoring}")
        typer.echo(f"log: {clone.shown(clone.logs / 'emulator.log')}")
        for line in local_azure.repairs(clone):
            typer.echo(f"repaired: {line}")
    if found is None:
        raise NotThereError("the local Azure is not running", "start it with: azml emulator start")


@emulator.command()
def env(
    dotenv: Annotated[
        bool, typer.Option("--dotenv", help="Print NAME=value lines, the .env file of an editor.")
    ] = False,
) -> None:
    """Print the shell lines that point any Azure client, and plain pulumi in local/, at the local Azure.

    Use it as: eval "$(azml emulator env)". It adds the Pulumi CLI to PATH if it is missing there, and leaves
    your Python, environment and pip alone. It also writes the config.json that MLClient.from_config reads.
    """
    clone = find_clone()
    found = local_azure.required(clone)
    proxy = proxy_variables.variables(found)
    if not proxy:
        typer.echo("your own https proxy stays in use, so calls to real Azure are not blocked", err=True)
    variables = found.environment() | proxy | additions(clone)
    _write_config(clone, variables["ARM_SUBSCRIPTION_ID"])
    for line in for_editor(variables) if dotenv else lines(variables, _missing_on_path()):
        typer.echo(line)


def lines(variables: Mapping[str, str], folder: str | None) -> list[str]:
    """Lines for a POSIX shell: unset what points elsewhere, set the variables, put `folder` first on PATH."""
    others = [*ELSEWHERE, *(name for name in foreign() if name not in variables)]
    return [
        f"unset {' '.join(others)}",
        *(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())),
        *([f'export PATH={shlex.quote(folder)}:"$PATH"'] if folder else []),
    ]


def for_editor(variables: Mapping[str, str]) -> list[str]:
    """Lines of a `.env` file. It cannot unset variables, so those that point elsewhere are set to nothing."""
    emptied = dict.fromkeys((*ELSEWHERE, *foreign()), "")
    return [
        f"{name}={shlex.quote(value) if value else ''}"
        for name, value in sorted({**emptied, **variables}.items())
    ]


def _write_config(clone: Clone, subscription_id: str) -> None:
    path, is_found = sdk_config.write(clone, workspace_of(Stack(clone, LOCAL), subscription_id))
    hint = f"MLClient.from_config finds the local workspace in {clone.shown(path)}"
    if not is_found:
        hint = f"{sdk_config.LIVES_IN}/config.json is yours; the local one: from_config(path={str(path)!r})"
    typer.echo(hint, err=True)


def _missing_on_path() -> str | None:
    """The folder of the cached Pulumi CLI; None when the shell finds a CLI itself, or none is cached."""
    cached = None if find_installed(lambda _: None) else find_cached()
    return str(cached.parent) if cached else None


def _document(clone: Clone, found: LocalAzure | None) -> dict[str, object]:
    document: dict[str, object] = {"running": found is not None, "log": str(clone.logs / "emulator.log")}
    if found:
        document |= {"pid": found.pid, "arm": found.arm, "scoring": found.scoring, "ca": str(found.ca)}
        document["mended"] = local_azure.repairs(clone)
    return document
