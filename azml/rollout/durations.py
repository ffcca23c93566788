"""Durations in words."""


def minutes(seconds: float) -> str:
    """A duration as a person says it."""
    if seconds >= 7200:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
