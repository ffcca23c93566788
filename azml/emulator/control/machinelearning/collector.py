"""The data collector's settings in a deployment's body."""

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import Json, section


def collected(properties: Json) -> dict[str, float]:
    """The collections that are enabled, with the fraction of the data they keep, 0 to 1.

    Names are in lower case, as azureml-ai-monitoring sends them. Raises ArmError 400.
    """
    collections = section(section(properties, "dataCollector"), "collections")
    found: dict[str, float] = {}
    for name in collections:
        settings = section(collections, name)
        if str(settings.get("dataCollectionMode", "")).lower() == "enabled":
            found[name.lower()] = _rate(name, settings.get("samplingRate", 1.0))
    return found


def capture_headers(properties: Json) -> tuple[str, ...]:
    """The headers that are collected with requests."""
    asked = section(section(properties, "dataCollector"), "requestLogging").get("captureHeaders") or ()
    return tuple(str(name) for name in asked) if isinstance(asked, list | tuple) else ()


def check_collector(properties: Json) -> None:
    """Raise ArmError 400 when the settings are not valid."""
    collected(properties)


def _rate(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    message = f"samplingRate of the collection '{name}' is {value!r}: it must be a number from 0 to 1."
    raise bad_request(message, "ValidationError")
