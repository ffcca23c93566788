"""The `azml` command."""

import sys

import typer

from azml.cli import errors
from azml.cli.commands.adopt import adopt
from azml.cli.commands.cache import cache
from azml.cli.commands.down import down
from azml.cli.commands.emulator import emulator
from azml.cli.commands.import_ import import_
from azml.cli.commands.invoke import invoke
from azml.cli.commands.keys import keys
from azml.cli.commands.logs import logs
from azml.cli.commands.promote import promote
from azml.cli.commands.release import release
from azml.cli.commands.rollback import rollback
from azml.cli.commands.rollout import rollout
from azml.cli.commands.status import status
from azml.cli.commands.studio import studio
from azml.cli.commands.tools import tools
from azml.cli.commands.traffic import traffic
from azml.cli.commands.up import up
from azml.cli.local import proxy_variables

app = typer.Typer(
    name="azml",
    cls=errors.CommandGroup,
    help="Machine learning models on Azure ML online endpoints: on Azure, or on a local Azure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (up, down, status, invoke, logs, release, promote, traffic, rollback, adopt, studio, tools):
    app.command()(command)
app.command("import")(import_)
app.add_typer(keys, name="keys")
app.add_typer(emulator, name="emulator")
app.add_typer(cache, name="cache")
app.add_typer(rollout, name="rollout")


def main() -> None:
    """Run the command line; every failure ends as a few lines and an exit code."""
    errors.open_streams()
    proxy_variables.forget()
    sys.exit(errors.run(app))
