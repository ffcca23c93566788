"""The `azml` command."""

import sys

import typer

from azml.cli import edge, way_out
from azml.cli.adopt import adopt
from azml.cli.cache import cache
from azml.cli.down import down
from azml.cli.emulator import emulator
from azml.cli.invoke import invoke
from azml.cli.keys import keys
from azml.cli.logs import logs
from azml.cli.release import release
from azml.cli.rollback import rollback
from azml.cli.rollout import rollout
from azml.cli.status import status
from azml.cli.studio import studio
from azml.cli.tools import tools
from azml.cli.traffic import traffic
from azml.cli.up import up

app = typer.Typer(
    name="azml",
    cls=edge.Commands,
    help="Machine learning models on Azure ML online endpoints: on Azure, or on a local Azure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (up, down, status, invoke, logs, release, traffic, rollback, adopt, studio, tools):
    app.command()(command)
app.add_typer(keys, name="keys")
app.add_typer(emulator, name="emulator")
app.add_typer(cache, name="cache")
app.add_typer(rollout, name="rollout")


def main() -> None:
    """Run the command line; every failure ends as a few lines and an exit code."""
    edge.open_streams()
    way_out.forget()
    sys.exit(edge.run(app))
