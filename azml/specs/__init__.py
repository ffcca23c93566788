"""Azure ML CLI v2 endpoint and deployment files, read into frozen records."""

from .document import Node, parse, read_text
from .durations import iso_duration
from .files import (
    common_files,
    deployment_file,
    deployment_names,
    endpoint_file,
    unread_endpoint_files,
    yaml_files,
)
from .load import from_python, load_deployment, load_endpoint
from .names import is_asset_name, is_resource_name
from .records import (
    AssetReference,
    Collection,
    CollectionData,
    DataCollector,
    DeploymentSpec,
    EndpointSpec,
    Identity,
    InferenceConfig,
    LocalCode,
    LocalEnvironment,
    LocalModel,
    ModelType,
    ProbeSettings,
    RequestSettings,
    ResourceRequirements,
    ResourceSettings,
    Route,
    ScaleSettings,
    Source,
)
from .table import Table

__all__ = [
    "AssetReference",
    "Collection",
    "CollectionData",
    "DataCollector",
    "DeploymentSpec",
    "EndpointSpec",
    "Identity",
    "InferenceConfig",
    "LocalCode",
    "LocalEnvironment",
    "LocalModel",
    "ModelType",
    "Node",
    "ProbeSettings",
    "RequestSettings",
    "ResourceRequirements",
    "ResourceSettings",
    "Route",
    "ScaleSettings",
    "Source",
    "Table",
    "common_files",
    "deployment_file",
    "deployment_names",
    "endpoint_file",
    "from_python",
    "is_asset_name",
    "is_resource_name",
    "iso_duration",
    "load_deployment",
    "load_endpoint",
    "parse",
    "read_text",
    "unread_endpoint_files",
    "yaml_files",
]
