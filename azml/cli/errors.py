"""Turns every failure into a short message and an exit code. `AZML_DEBUG=1` shows the traceback."""

import errno
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from rich.markup import escape
from typer.core import TyperGroup

from azml.azure.errors import AzureError
from azml.cli.failure import CommandError, ExitCode
from azml.cli.terminal import err
from azml.findings import InvalidInput
from azml.stack.failure import NotInStackFile
from azml.toolchain.failure import ToolError


class Through(BaseException):
    """Carries an interrupt or a broken pipe past typer, which would end the program itself."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(cause)


class CommandGroup(TyperGroup):
    """A group of commands that leaves reporting every failure to `run`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the selected command."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BrokenPipeError) as cause:
            raise Through(cause) from cause


def open_streams() -> None:
    """Point streams that the shell closed (`>&-`) to nowhere: otherwise the next file opened becomes one."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor == number:
                os.set_inheritable(number, True)
            else:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, mode))


def run(command: Callable[[], object]) -> int:
    """Run `command`; returns its exit code. Known failures are reported, others as a bug in azml."""
    try:
        _run(command)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    except KeyboardInterrupt:
        _debug()
        _line("interrupted; running the same command again carries on")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe (as `| head` does): not a failure, and nobody reads a message.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as failure:
        _debug()
        return report(failure)
    return ExitCode.DONE


def _run(command: Callable[[], object]) -> None:
    try:
        command()
    except Through as through:
        raise through.cause from None


def report(failure: Exception) -> ExitCode:
    """Print what went wrong, and return the exit code for it."""
    match failure:
        case InvalidInput():
            for finding in failure.findings:
                _line(str(finding))
            return ExitCode.WRONG_INPUT
        case NotInStackFile():
            _line(failure.message, failure.remedy)
            return ExitCode.NOT_THERE
        case CommandError():
            _line(failure.message, failure.remedy)
            return failure.code
        case ToolError():
            _line(failure.message, failure.remedy)
        case AzureError():
            _line(str(failure))
        case OSError(errno=errno.ENOSPC):
            _line(f"the disk is full{_where(failure)}", "free some space, then run the same command again")
        case OSError():
            _line(f"{failure.strerror or failure}{_where(failure)}")
        case _ if _azure(failure):
            _line(_azure(failure))
        case _:
            _line(f"{type(failure).__name__}: {failure}", "this is a bug in azml: AZML_DEBUG=1 shows where")
    return ExitCode.FAILED


def _azure(failure: Exception) -> str:
    """The line for a failure of Azure's clients, recognised by the names of its bases: no import needed."""
    families = {base.__name__ for base in type(failure).__mro__}
    if "ClientAuthenticationError" in families:
        return f"could not sign in to Azure: {_first_line(failure)}"
    if "AzureError" in families:
        return f"Azure answered: {_first_line(failure)}"
    return ""


def _first_line(failure: Exception) -> str:
    error = getattr(failure, "error", None)
    code, message = getattr(error, "code", None), getattr(error, "message", None)
    if code and message:
        return f"{code}: {message}"
    text = str(getattr(failure, "message", None) or failure).strip()
    return text.removeprefix("(None) ").splitlines()[0]


def _where(failure: OSError) -> str:
    return f": {failure.filename}" if failure.filename else ""


def _line(message: str, remedy: str = "") -> None:
    console = err()
    console.print(f"[red]azml:[/red] {escape(message)}")
    if remedy:
        console.print(f"      {escape(remedy)}")


def _debug() -> None:
    if os.environ.get("AZML_DEBUG"):
        traceback.print_exc()
