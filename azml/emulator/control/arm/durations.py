"""Durations in bodies."""

import re

from azml.emulator.control.arm.errors import bad_request

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
LONGEST_SECONDS = 86_400 * 365


def seconds(value: object) -> float:
    """An ISO 8601 duration, such as `PT1M30S`, in seconds. Raises ArmError 400."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_SECONDS:
        return float(value)
    matched = _DURATION.fullmatch(str(value)) if isinstance(value, str) else None
    if matched is None or not any(matched.groups()):
        raise bad_request(f"'{value}' is not an ISO 8601 duration such as PT5S.", "ValidationError")
    days, hours, minutes, rest = (float(part or 0) for part in matched.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    if total > LONGEST_SECONDS:
        message = f"A duration of more than {LONGEST_SECONDS} seconds is not accepted here."
        raise bad_request(message, "ValidationError")
    return total
