"""The error for a tool that cannot be installed."""


class ToolError(Exception):
    """A tool that the project needs is missing and could not be installed.

    `message` says what was tried, `remedy` what the user can do about it; each is one line unless a tool's
    own output has to be shown.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}\n{remedy}" if remedy else message)
