"""Durations as Azure's REST API has them."""

import re
from datetime import timedelta

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def iso_duration(*, seconds: int = 0, milliseconds: int = 0) -> str | None:
    """An ISO 8601 duration such as `PT5S`, `PT1M30S`, `PT0.25S`; None for zero.

    The same text as azure-ai-ml sends, which leaves a zero out of the request.
    """
    span = timedelta(seconds=seconds, milliseconds=milliseconds)
    if not span:
        return None
    hours, rest = divmod(span.seconds, 3600)
    minutes, whole = divmod(rest, 60)
    fraction = f".{span.microseconds:06d}".rstrip("0") if span.microseconds else ""
    days = f"{span.days}D" if span.days else ""
    parts = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else ""]
    parts.append(f"{whole}{fraction}S" if whole or fraction else "")
    clock = "".join(parts)
    return f"P{days}" + (f"T{clock}" if clock else "")


def iso_milliseconds(duration: str | None) -> int | None:
    """An ISO 8601 duration such as `PT5S` in milliseconds; None if it is not a duration."""
    found = _DURATION.fullmatch(duration or "")
    if not found:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
