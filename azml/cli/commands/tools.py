"""`azml tools`: makes plain `pulumi` available in a new shell, for real and local Azure."""

import shlex
import shutil

import typer

from azml.cli.local.lifecycle import find_pulumi


def tools() -> None:
    """Print the shell line that puts the Pulumi CLI on PATH; install the CLI if it is missing.

    Use it as: eval "$(azml tools)". It changes nothing else in the shell, and prints nothing if the shell
    finds a suitable CLI already.
    """
    pulumi = find_pulumi()
    if shutil.which("pulumi") != str(pulumi):
        typer.echo(f'export PATH={shlex.quote(str(pulumi.parent))}:"$PATH"')
