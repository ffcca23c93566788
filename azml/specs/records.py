"""The contents of Azure ML CLI v2 endpoint and deployment files, as frozen records.

Field names, defaults and units are those of the CLI v2 YAML schema: probe times and the polling interval in
whole seconds, request settings in milliseconds (`iso_duration` writes them as Azure's REST API takes them).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from azml.findings import Place

Kind = Literal["managed", "kubernetes"]
AuthMode = Literal["key", "aml_token", "aad_token"]
Access = Literal["enabled", "disabled"]
ModelType = Literal["custom_model", "mlflow_model", "triton_model"]
IdentityType = Literal["system_assigned", "user_assigned", "none"]
RollingRate = Literal["minute", "hour", "day"]
Texts = Mapping[str, str]
Shares = Mapping[str, int]


@dataclass(frozen=True)
class Source:
    """Where a spec came from: the file, and the position of each dotted key, for later findings.

    A key that overrides the file's, such as one from the stack config, has the position where it was written.
    """

    file: Path
    places: Mapping[str, Place]

    def place(self, key: str) -> Place:
        """The position of `key`, else of its nearest parent key."""
        around = key
        while around not in self.places and around:
            around = around.rpartition(".")[0]
        found = self.places.get(around, Place(self.file, None, None))
        return found._replace(key=f"{found.key or ''}{key[len(around) :]}" or None)


@dataclass(frozen=True)
class AssetReference:
    """A registered asset: `azureml:name:version`, `azureml:name@label`, `azureml:name` or a full id.

    `id` is set when the file gives a full id (`/subscriptions/...` or `azureml://registries/...`), exactly as
    Azure's API expects it; name, version and label are then parsed from it. `azureml:name` means latest.
    """

    name: str
    version: str | None = None
    label: str | None = None
    id: str | None = None

    @property
    def registry(self) -> str | None:
        """The registry that holds the asset; None for an asset of the workspace."""
        prefix = "azureml://registries/"
        return self.id[len(prefix) :].split("/")[0] if self.id and self.id.startswith(prefix) else None

    def __str__(self) -> str:
        """The reference in the form of CLI v2 YAML."""
        if self.id:
            return self.id if self.id.startswith("azureml://") else f"azureml:{self.id}"
        if self.version is not None:
            return f"azureml:{self.name}:{self.version}"
        return f"azureml:{self.name}@{self.label}" if self.label else f"azureml:{self.name}"


@dataclass(frozen=True)
class LocalModel:
    """A model on disk; `path` is absolute, a file or a folder. The default type is custom."""

    path: Path
    name: str | None = None
    version: str | None = None
    type: ModelType = "custom_model"
    description: str | None = None
    tags: Texts = field(default_factory=dict)
    properties: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class LocalCode:
    """A folder of scoring code; `path` is absolute."""

    path: Path


@dataclass(frozen=True)
class Route:
    """An HTTP route of a custom container: `port` and URL `path`."""

    port: int
    path: str


@dataclass(frozen=True)
class InferenceConfig:
    """The three routes of a custom container."""

    liveness_route: Route
    readiness_route: Route
    scoring_route: Route


@dataclass(frozen=True)
class LocalEnvironment:
    """An environment described in the deployment file.

    `conda` is the text of the conda file, None without one. `conda_file` is its absolute path, None when it
    is written inline.
    """

    image: str | None = None
    conda: str | None = None
    conda_file: Path | None = None
    name: str | None = None
    version: str | None = None
    inference_config: InferenceConfig | None = None
    description: str | None = None
    tags: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Identity:
    """The endpoint's identity; at most one user-assigned identity, by its full resource id."""

    type: IdentityType
    user_assigned_identities: tuple[str, ...] = ()


@dataclass(frozen=True)
class EndpointSpec:
    """An online endpoint. `traffic` and `mirror_traffic` map deployment names to whole percents."""

    name: str
    kind: Kind = "managed"
    auth_mode: AuthMode = "key"
    description: str | None = None
    tags: Texts = field(default_factory=dict)
    properties: Texts = field(default_factory=dict)
    compute: str | None = None
    identity: Identity | None = None
    public_network_access: Access | None = None
    traffic: Shares = field(default_factory=dict)
    mirror_traffic: Shares = field(default_factory=dict)
    source: Source | None = field(default=None, compare=False, repr=False)

    def place(self, key: str) -> Place:
        """Where `key` stands; for a spec that was read from no file, the key alone."""
        return self.source.place(key) if self.source else Place(None, None, key)


@dataclass(frozen=True)
class RequestSettings:
    """Limits of one request; times in milliseconds."""

    request_timeout_ms: int | None = None
    max_concurrent_requests_per_instance: int | None = None
    max_queue_wait_ms: int | None = None


@dataclass(frozen=True)
class ProbeSettings:
    """A liveness, readiness or startup probe; times in seconds."""

    initial_delay: int | None = None
    period: int | None = None
    timeout: int | None = None
    success_threshold: int | None = None
    failure_threshold: int | None = None


@dataclass(frozen=True)
class ScaleSettings:
    """How instances are added: `default`, or `target_utilization` (Kubernetes only; interval in seconds)."""

    type: Literal["default", "target_utilization"] = "default"
    min_instances: int | None = None
    max_instances: int | None = None
    polling_interval: int | None = None
    target_utilization_percentage: int | None = None


@dataclass(frozen=True)
class CollectionData:
    """The data asset that collected requests are written to."""

    name: str | None = None
    path: str | None = None
    version: str | None = None
    data_id: str | None = None


@dataclass(frozen=True)
class Collection:
    """One stream of collected data, such as `model_inputs`. `data` may also name a registered asset."""

    enabled: bool
    data: CollectionData | str | None = None
    client_id: str | None = None


@dataclass(frozen=True)
class DataCollector:
    """Production data collection; `sampling_rate` is from 0 to 1, `capture_headers` None means unset."""

    collections: Mapping[str, Collection] = field(default_factory=dict)
    rolling_rate: RollingRate | None = None
    sampling_rate: float | None = None
    capture_headers: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ResourceSettings:
    """Kubernetes quantities, such as cpu `500m`, memory `1Gi`, gpu `1`."""

    cpu: str | None = None
    memory: str | None = None
    gpu: str | None = None


@dataclass(frozen=True)
class ResourceRequirements:
    """Resource requests and limits of a Kubernetes deployment."""

    requests: ResourceSettings | None = None
    limits: ResourceSettings | None = None


@dataclass(frozen=True)
class DeploymentSpec:
    """An online deployment. None means that the file has no value and Azure's default applies."""

    name: str
    endpoint_name: str
    kind: Kind = "managed"
    model: LocalModel | AssetReference | None = None
    code: LocalCode | AssetReference | None = None
    scoring_script: str | None = None
    environment: LocalEnvironment | AssetReference | None = None
    instance_type: str | None = None
    instance_count: int | None = None
    environment_variables: Texts = field(default_factory=dict)
    app_insights_enabled: bool = False
    request_settings: RequestSettings | None = None
    liveness_probe: ProbeSettings | None = None
    readiness_probe: ProbeSettings | None = None
    startup_probe: ProbeSettings | None = None
    scale_settings: ScaleSettings | None = None
    egress_public_network_access: Access | None = None
    data_collector: DataCollector | None = None
    resources: ResourceRequirements | None = None
    model_mount_path: str | None = None
    tags: Texts = field(default_factory=dict)
    properties: Texts = field(default_factory=dict)
    description: str | None = None
    source: Source | None = field(default=None, compare=False, repr=False)

    def place(self, key: str) -> Place:
        """Where `key` stands; for a spec that was read from no file, the key alone."""
        return self.source.place(key) if self.source else Place(None, None, key)
