"""What is asked of a stack file and is not there: apart from it, as whoever reports it need not load it."""


class NotInStackFile(Exception):
    """The stack file, or an endpoint in it, does not exist; `remedy` says what would help."""

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message, self.remedy = message, remedy
        super().__init__(f"{message}; {remedy}" if remedy else message)
