"""The package schema of this plugin."""

from azml.azure.settings import SETTING_NAMES

_SHARES = {"type": "object", "additionalProperties": {"type": "integer"}}
_TRAFFIC = {
    "endpointId": {"type": "string", "description": "ARM id of the online endpoint."},
    "traffic": {
        **_SHARES,
        "description": "Percent of the requests by deployment: 100 in sum, or 0. Left alone where not given.",
    },
    "mirrorTraffic": {
        **_SHARES,
        "description": "Percent of the requests copied to one idle deployment. Left alone where not given.",
    },
    "deployments": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The deployments the program declares; only they may have a share.",
    },
    "endpointDigest": {
        "type": "string",
        "description": "Changes with every write of the endpoint, after which the shares are asserted again.",
    },
}
_SLOTS = {
    "endpointId": _TRAFFIC["endpointId"],
    "serves": {
        "type": "object",
        "additionalProperties": {"$ref": "pulumi.json#/Any"},
        "description": "By slot: `digest` of what it predicts with, `files` by path, `instanceType`.",
    },
    "allow": {"type": "boolean", "description": "Let a live slot change under its users."},
    "told": {"type": "boolean", "description": "The program has refused the change; say what differs."},
}
FUNCTION = "azml:index:registeredVersions"
_IDS = {"type": "array", "items": {"type": "string"}}
_VERSIONS = {
    "description": "Those of these versions of models, codes and environments that their workspaces hold.",
    "inputs": {"properties": {"ids": _IDS}, "required": ["ids"]},
    "outputs": {"properties": {"registered": _IDS}, "required": ["registered"]},
}

LIVE_SLOTS = "azml:index:liveSlots"
_SERVES = {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}}
_REASONS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
_REFUSED = {
    "description": "Why the live slots of endpoints must not change as these say, by the endpoint's id.",
    "inputs": {"properties": {"endpoints": _SERVES}, "required": ["endpoints"]},
    "outputs": {"properties": {"refused": _REASONS}, "required": ["refused"]},
}


def schema(version: str) -> dict[str, object]:
    """The schema as Pulumi reads it (https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/)."""
    resources = {
        "azml:index:EndpointTraffic": (_TRAFFIC, ["endpointId"]),
        "azml:index:LiveSlots": (_SLOTS, ["endpointId", "serves"]),
    }
    return {
        "name": "azml",
        "version": version,
        "description": "Traffic of Azure ML online endpoints, and a guard over live deployments.",
        "config": {},
        "provider": {"inputProperties": {key: {"type": "string"} for key in SETTING_NAMES}},
        "functions": {FUNCTION: _VERSIONS, LIVE_SLOTS: _REFUSED},
        "resources": {
            token: {"properties": fields, "inputProperties": fields, "requiredInputs": required}
            for token, (fields, required) in resources.items()
        },
    }
