"""`azml tools`: plain `pulumi` in a fresh shell, on Azure as on the local one."""

import shlex
import shutil

import typer

from azml.cli.local.lifecycle import find_pulumi


def tools() -> None:
    """Print the shell line that puts the Pulumi CLI on PATH; install the CLI where it is missing.

    Use it as: eval "$(azml tools)". It changes nothing else in the shell, and prints nothing where the shell
    finds a CLI that will do.
    """
    pulumi = find_pulumi()
    if shutil.which("pulumi") != str(pulumi):
        typer.echo(f'export PATH={shlex.quote(str(pulumi.parent))}:"$PATH"')
