"""Numbers of things in words."""


def count(number: int, noun: str) -> str:
    """So many of them: `1 request`, `2 requests`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def times(number: int) -> str:
    """How often: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
