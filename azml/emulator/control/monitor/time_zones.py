"""Time zones by their Windows names, as autoscale settings name them, and the IANA names this machine knows.

Source: Unicode CLDR's table windowsZones.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from azml.emulator.control.arm.errors import bad_request

_IANA: Mapping[str, str] = {
    "UTC": "Etc/UTC",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Arabian Standard Time": "Asia/Dubai",
    "Argentina Standard Time": "America/Buenos_Aires",
    "Canada Central Standard Time": "America/Regina",
    "Cen. Australia Standard Time": "Australia/Adelaide",
    "Central America Standard Time": "America/Guatemala",
    "Central Europe Standard Time": "Europe/Budapest",
    "Central European Standard Time": "Europe/Warsaw",
    "Central Standard Time": "America/Chicago",
    "China Standard Time": "Asia/Shanghai",
    "E. Europe Standard Time": "Europe/Chisinau",
    "E. South America Standard Time": "America/Sao_Paulo",
    "Eastern Standard Time": "America/New_York",
    "Egypt Standard Time": "Africa/Cairo",
    "FLE Standard Time": "Europe/Kiev",
    "GMT Standard Time": "Europe/London",
    "GTB Standard Time": "Europe/Bucharest",
    "India Standard Time": "Asia/Calcutta",
    "Israel Standard Time": "Asia/Jerusalem",
    "Korea Standard Time": "Asia/Seoul",
    "Mountain Standard Time": "America/Denver",
    "New Zealand Standard Time": "Pacific/Auckland",
    "Pacific Standard Time": "America/Los_Angeles",
    "Romance Standard Time": "Europe/Paris",
    "Russian Standard Time": "Europe/Moscow",
    "SE Asia Standard Time": "Asia/Bangkok",
    "Singapore Standard Time": "Asia/Singapore",
    "South Africa Standard Time": "Africa/Johannesburg",
    "Tokyo Standard Time": "Asia/Tokyo",
    "Turkey Standard Time": "Europe/Istanbul",
    "W. Australia Standard Time": "Australia/Perth",
    "W. Europe Standard Time": "Europe/Berlin",
}
NAMES = frozenset(_IANA)
"""The names that are known here; Azure knows more."""


def time_zone(name: str) -> ZoneInfo:
    """The time zone with a Windows name. Raises ArmError 400 for one that is not known here."""
    if name not in _IANA:
        raise bad_request(f"The time zone '{name}' is not one of Windows' that the local Azure knows.")
    try:
        return ZoneInfo(_IANA[name])
    except ZoneInfoNotFoundError as missing:
        message = f"The time zone '{name}' needs the database of time zones, which this machine lacks."
        raise bad_request(message) from missing
