"""A deployment's settings, read from its body."""

from azml.emulator.contract.deployments import Probe
from azml.emulator.control.arm.durations import seconds
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import Json, section

TIMEOUT_LIMIT_MS = {"managed": 180_000, "kubernetes": 300_000}


def environment_variables(properties: Json) -> dict[str, str]:
    """A deployment's environment variables as text; references to secrets stay as written."""
    return {name: str(value) for name, value in section(properties, "environmentVariables").items()}


def request_timeout_ms(properties: Json) -> int:
    """The time a request may take, in milliseconds. Azure's default is 5 s."""
    return round(seconds(section(properties, "requestSettings").get("requestTimeout", "PT5S")) * 1_000)


def probe(properties: Json, name: str) -> Probe:
    """A probe such as `livenessProbe`, with Azure's defaults for what is not set."""
    settings, default = section(properties, name), Probe()
    return Probe(
        initial_delay=seconds(settings.get("initialDelay", default.initial_delay)),
        period=_pause(settings.get("period", default.period)),
        timeout=_pause(settings.get("timeout", default.timeout)),
        success_threshold=count(settings.get("successThreshold", default.success_threshold)),
        failure_threshold=count(settings.get("failureThreshold", default.failure_threshold)),
    )


def _pause(value: object) -> float:
    """A probe's period or timeout: at least a second (CLI v2 schema of managed online deployments)."""
    pause = seconds(value)
    if pause < 1:
        raise bad_request(f"A probe's '{value}' is too short: at least PT1S.", "ValidationError")
    return pause


def count(value: object) -> int:
    """A whole number of at least 1. Raises ArmError 400."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise bad_request(f"{value!r} is not a whole number of at least 1.", "ValidationError")
