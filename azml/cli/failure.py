"""Why a command could not do what it was asked, and what the shell hears of it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script can rely on."""

    DONE = 0
    FAILED = 1
    WRONG_INPUT = 2
    NOT_THERE = 3
    INTERRUPTED = 130


class CommandError(Exception):
    """The one exception of the command line: what is wrong, what would help, and the exit code."""

    def __init__(self, message: str, remedy: str = "", code: ExitCode = ExitCode.FAILED) -> None:
        self.message = message
        self.remedy = remedy
        self.code = code
        super().__init__(f"{message}\n{remedy}" if remedy else message)


class InputError(CommandError):
    """What the user wrote, in a file or on the command line, cannot be used."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy, ExitCode.WRONG_INPUT)


class NotThereError(CommandError):
    """What the command was asked about does not exist, or does not run."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy, ExitCode.NOT_THERE)
