"""The failure of a tool that cannot be had."""


class ToolError(Exception):
    """A tool the project needs is not on this machine and could not be put there.

    `message` says what was tried, `remedy` what the user can do about it; each is one line unless a tool's
    own output has to be shown.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}\n{remedy}" if remedy else message)
