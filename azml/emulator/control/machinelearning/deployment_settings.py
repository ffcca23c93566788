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
    told, default = section(properties, name), Probe()
    return Probe(
        initial_delay=seconds(told.get("initialDelay", default.initial_delay)),
        period=_pause(told.get("period", default.period)),
        timeout=_pause(told.get("timeout", default.timeout)),
        success_threshold=count(told.get("successThreshold", default.success_threshold)),
        failure_threshold=count(told.get("failureThreshold", default.failure_threshold)),
    )


def _pause(value: object) -> float:
    """A probe's period or timeout: at least a second (CLI v2 schema of managed online deployments)."""
    told = seconds(value)
    if told < 1:
        raise bad_request(f"A probe's '{value}' is too short: at least PT1S.", "ValidationError")
    return told


def count(value: object) -> int:
    """A whole number of at least 1. Raises ArmError 400."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise bad_request(f"{value!r} is not a whole number of at least 1.", "ValidationError")
