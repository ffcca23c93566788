"""What a program declares of online endpoints although Azure's record of them may say nothing."""

from collections.abc import Mapping
from typing import Any

from azml.azure.endpoints import SERVES_TAG, slot

# The API's defaults, which azure-native's SDK writes where a program says nothing (description of API
# 2025-12-01: OnlineEndpointProperties, OnlineDeploymentProperties, DataCollector, Collection).
_ENDPOINT = {"publicNetworkAccess": "Enabled"}
_DEPLOYMENT = {"appInsightsEnabled": False, "egressPublicNetworkAccess": "Enabled"}
_COLLECTOR = {"rollingRate": "Hour"}
_COLLECTION = {"dataCollectionMode": "Disabled", "samplingRate": 1}


def completed(kind: str, inputs: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of an online endpoint or deployment as a program would declare them; others as they are."""
    match kind:
        case "azure-native:machinelearningservices:OnlineEndpoint":
            return {**inputs, "properties": _filled(_ENDPOINT, inputs.get("properties") or {})}
        case "azure-native:machinelearningservices:OnlineDeployment":
            return _deployment(inputs, body)
        case _:
            return inputs


def _deployment(inputs: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """A deployment's inputs with defaults, and with the tag that a stack would have written.

    Without the tag, its own properties say what it serves: no update has to write a live deployment for it.
    """
    properties = _filled(_DEPLOYMENT, inputs.get("properties") or {})
    if collector := properties.get("dataCollector"):
        collections = collector.get("collections") or {}
        properties["dataCollector"] = {
            **_filled(_COLLECTOR, collector),
            "collections": {name: _filled(_COLLECTION, one) for name, one in collections.items()},
        }
    tags, serves = inputs.get("tags") or {}, slot(body).serves
    return {**inputs, "properties": properties, "tags": {**tags, SERVES_TAG: serves} if serves else tags}


def _filled(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {**defaults, **{key: value for key, value in given.items() if value is not None}}
