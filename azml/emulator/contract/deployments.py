"""What the control plane asks the data plane to serve, and what the data plane answers.

The two are separate processes that exchange JSON over a unix socket; these records are all they exchange.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Probe:
    """A liveness, readiness or startup probe. Times are seconds; the defaults are Azure's."""

    initial_delay: float = 10.0
    period: float = 10.0
    timeout: float = 2.0
    success_threshold: int = 1
    failure_threshold: int = 30


@dataclass(frozen=True)
class Route:
    """Where a custom container answers: the port it listens on, and the path, with an optional query."""

    port: int
    path: str


@dataclass(frozen=True)
class AppInsights:
    """Where an inference server sends telemetry: the instrumentation key, and the address that takes it."""

    key: str
    endpoint: str


@dataclass(frozen=True)
class CustomContainer:
    """An image with a server of its own. `model_at` and `code_at` are where it finds the two folders."""

    image: str
    liveness: Route
    readiness: Route
    scoring: Route
    model_at: str | None = None
    code_at: str | None = None


AUTOMATIC = ("model_inputs", "model_outputs")
"""The collections that Azure fills by itself for an MLflow model served without code."""


@dataclass(frozen=True)
class DesiredDeployment:
    """The desired state of one deployment.

    `key` is its ARM id in lower case. `model_folder` is the folder that AZUREML_MODEL_DIR names: it contains
    the last element of the model's path. An MLflow model without code has no `code_folder`. `compute` is the
    Kubernetes cluster that Azure would run it on. `startup` is asked before the other probes begin.
    `collect` maps the data collector's collections to the fraction of the data that is kept, 0 to 1; of
    requests also the headers in `capture_headers`. A custom container needs no code, and gets no conda file.
    `image` is the environment's, unless it is a custom container. `insights` is None where telemetry is off.
    """

    key: str
    endpoint_key: str
    name: str
    compute: str | None = None
    model_folder: Path | None = None
    mlflow: bool = False
    code_folder: Path | None = None
    scoring_script: str | None = None
    conda: str | None = None
    image: str | None = None
    environment_variables: dict[str, str] = field(default_factory=dict)
    instance_count: int = 1
    request_timeout_ms: int = 5_000
    max_concurrent_requests_per_instance: int = 1
    liveness: Probe = Probe()
    readiness: Probe = Probe()
    startup: Probe | None = None
    collect: dict[str, float] = field(default_factory=dict)
    capture_headers: tuple[str, ...] = ()
    container: CustomContainer | None = None
    insights: AppInsights | None = None

    @property
    def collected_frames(self) -> tuple[str, ...]:
        """What our scoring script of an MLflow model without code collects."""
        return tuple(name for name in AUTOMATIC if self.mlflow and name in self.collect)


@dataclass(frozen=True)
class ManagedIdentity:
    """An identity whose tokens scripts may request. `resource_id` is empty for a system-assigned one."""

    principal_id: str
    client_id: str
    resource_id: str = ""


@dataclass(frozen=True)
class DesiredEndpoint:
    """The desired state of one endpoint.

    `path` is the endpoint's path under the scoring address, such as `westeurope/diabetes`. `traffic` and
    `mirror_traffic` map deployment names to percent. `bearers` are the keys or tokens it accepts: keys in
    auth mode key; for the token modes `token_secret` verifies the HS256 signature of a JWT instead.
    `identities` are the endpoint's own, a system-assigned one first.
    """

    key: str
    path: str
    bearers: tuple[str, ...] = ()
    token_secret: str | None = None
    traffic: dict[str, int] = field(default_factory=dict)
    mirror_traffic: dict[str, int] = field(default_factory=dict)
    identities: tuple[ManagedIdentity, ...] = ()


State = Literal["building", "starting", "ready", "failed"]
SETTLED: frozenset[State] = frozenset({"ready", "failed"})
"""States that last until something else is wanted."""


@dataclass(frozen=True)
class ObservedDeployment:
    """The state of one deployment. `error` is why it failed: the end of its log, including the traceback."""

    key: str
    state: State
    instances_ready: int = 0
    error: str | None = None


def to_json(record: DesiredDeployment | DesiredEndpoint | ObservedDeployment) -> dict[str, Any]:
    """A record as JSON types: paths become text."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(record).items()}


def deployment_from_json(values: Mapping[str, Any]) -> DesiredDeployment:
    """The reverse of `to_json`. Raises TypeError on an unknown or missing field."""
    fields = dict(values)
    for name in ("model_folder", "code_folder"):
        fields[name] = Path(fields[name]) if fields.get(name) else None
    for name in ("liveness", "readiness"):
        fields[name] = Probe(**fields.get(name) or {})
    fields["startup"] = Probe(**fields["startup"]) if fields.get("startup") else None
    fields["insights"] = AppInsights(**fields["insights"]) if fields.get("insights") else None
    fields["container"] = _container_from_json(fields.get("container"))
    fields["capture_headers"] = tuple(fields.get("capture_headers") or ())
    return DesiredDeployment(**fields)


def _container_from_json(values: Mapping[str, Any] | None) -> CustomContainer | None:
    if not values:
        return None
    routes = {name: Route(**values[name]) for name in ("liveness", "readiness", "scoring")}
    return CustomContainer(**{**values, **routes})


def endpoint_from_json(values: Mapping[str, Any]) -> DesiredEndpoint:
    """The reverse of `to_json`. Raises TypeError on an unknown or missing field."""
    identities = tuple(ManagedIdentity(**one) for one in values.get("identities") or ())
    return DesiredEndpoint(
        **{**values, "bearers": tuple(values.get("bearers") or ()), "identities": identities}
    )


def observed_from_json(values: Mapping[str, Any]) -> ObservedDeployment:
    """The reverse of `to_json`. Raises TypeError on an unknown or missing field."""
    return ObservedDeployment(**values)
