"""The package schema of the stand-in, enough for `pulumi import` to write a program."""

from azml.azure_native import VERSION, sdk
from azml.azure_native.types import ROWS

_ANY = {"$ref": "pulumi.json#/Any"}
_PLAIN = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


def _property(spec: str) -> dict[str, object]:
    if spec.startswith("[]"):
        return {"type": "array", "items": _property(spec[2:])}
    if spec.startswith("{}"):
        return {"type": "object", "additionalProperties": _property(spec[2:])}
    if spec == "asset":
        return {"$ref": "pulumi.json#/Asset"}
    return {"type": _PLAIN[spec]} if spec in _PLAIN else dict(_ANY)


def _resource(token: str) -> dict[str, object]:
    kind = sdk.resource_type(token)
    return {
        "properties": {name: _property(spec) for name, spec in kind.outputs.properties.items()},
        "inputProperties": {name: _property(spec) for name, spec in kind.inputs.properties.items()},
        "requiredInputs": sorted(kind.inputs.required),
    }


def schema() -> dict[str, object]:
    """The schema as Pulumi reads it (https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/)."""
    return {
        "name": "azure-native",
        "version": VERSION,
        "language": {
            "python": {"packageName": "pulumi_azure_native"},
            "nodejs": {"packageName": "@pulumi/azure-native"},
        },
        "config": {},
        "provider": {"inputProperties": {}},
        "resources": {row.token: _resource(row.token) for row in ROWS},
        "types": {},
    }
