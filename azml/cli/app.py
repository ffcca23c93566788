"""The `azml` command."""

import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword

import typer

from azml import quick_start
from azml.cli import errors
from azml.cli.local import proxy_variables

COMMANDS = (
    *("up", "down", "status", "invoke", "logs", "release", "promote", "traffic", "rollback", "adopt"),
    *("import", "studio", "tools"),
)
"""Each is the function of its name in the module of its name in `cli.commands`; `import_` is `import`."""
GROUPS = ("keys", "emulator", "cache", "rollout")
"""Commands with commands of their own: a `Typer` in the module of its name."""
ALL = (*COMMANDS, *GROUPS)


def application(names: Sequence[str] = ALL) -> typer.Typer:
    """The command line with the commands `names`: what a command imports is loaded with it."""
    app = typer.Typer(
        name="azml",
        cls=errors.CommandGroup,
        help="Machine learning models on Azure ML online endpoints: on Azure, or on a local Azure.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_with_commands)
    for name in names:
        word = f"{name}_" if iskeyword(name) else name
        found = getattr(import_module(f"azml.cli.commands.{word}"), word)
        if name in GROUPS:
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _with_commands() -> None:
    """Makes a command line with one command keep its name."""


def main(app: typer.Typer | None = None) -> None:
    """Run the command line; every failure ends as a few lines and an exit code."""
    quick_start.begin()
    quick_start.without_aiohttp()
    codes: list[int] = []
    atexit.register(_end_at_once, codes)
    errors.open_streams()
    proxy_variables.forget()
    named = [name for name in sys.argv[1:2] if name in ALL]
    codes.append(errors.run(app or application(named or ALL)))
    sys.exit(codes[0])


def _end_at_once(codes: Sequence[int]) -> None:
    """End without taking all objects apart, which takes a sixth of a short command's time.

    Called last of all that is registered. Output that cannot be written is left to Python, which reports it.
    """
    with suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for code in codes:
            os._exit(code)
