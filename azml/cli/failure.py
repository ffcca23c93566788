"""Failures of commands, and their exit codes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes that scripts can rely on."""

    DONE = 0
    FAILED = 1
    WRONG_INPUT = 2
    NOT_THERE = 3
    ROLLED_BACK = 4
    PAUSED = 5
    STUCK = 6
    ABORTED = 7
    SUPERSEDED = 8
    UNFINISHED = 9
    INTERRUPTED = 130


class CommandError(Exception):
    """The one exception of the command line: what is wrong, what would help, and the exit code."""

    def __init__(self, message: str, remedy: str = "", code: ExitCode = ExitCode.FAILED) -> None:
        self.message = message
        self.remedy = remedy
        self.code = code
        super().__init__(f"{message}\n{remedy}" if remedy else message)


class InputError(CommandError):
    """Invalid input, in a file or on the command line."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy, ExitCode.WRONG_INPUT)


class NotThereError(CommandError):
    """The subject of the command does not exist or does not run."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy, ExitCode.NOT_THERE)
