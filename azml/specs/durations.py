"""Durations as Azure's REST API expects them."""

from datetime import timedelta


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
