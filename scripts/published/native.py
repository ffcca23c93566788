"""What azure-native's SDK says of types that no management client in use describes.

The stand-in's tables know its shapes; here they are laid out as Azure has them. The SDK's arguments are what
a body takes; what only its outputs have is Azure's to set.
"""

from azml.azure_native import VERSION
from azml.azure_native.sdk import object_type, resource_type
from azml.azure_native.types import BY_TOKEN, Row
from scripts.published.shapes import SCALARS, Models, Shape, Union, bare

SAID = f"azure-native {VERSION}"
TOKENS = {
    "Microsoft.ContainerRegistry/registries": "azure-native:containerregistry:Registry",
    "Microsoft.Insights/diagnosticSettings": "azure-native:monitor:DiagnosticSetting",
    "Microsoft.Network/privateDnsZones": "azure-native:privatedns:PrivateZone",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "azure-native:privatedns:VirtualNetworkLink",
    "Microsoft.Network/privateEndpoints": "azure-native:network:PrivateEndpoint",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "azure-native:network:PrivateDnsZoneGroup",
    "Microsoft.Network/virtualNetworks": "azure-native:network:VirtualNetwork",
}
_ENVELOPE = {"id": "string", "name": "string", "type": "string", "etag": "string", "systemData": "any"}


def read() -> tuple[Models, dict[str, str]]:
    """The models, and the type of each resource type's body."""
    models = Models()
    return models, {kind: _resource(models, BY_TOKEN[token]) for kind, token in TOKENS.items()}


def _resource(models: Models, row: Row) -> str:
    kind = resource_type(row.token)
    name = row.token.rpartition(":")[2]
    left_out = {*row.parameters, "azureApiVersion"}
    inputs = {key: spec for key, spec in kind.inputs.properties.items() if key not in left_out}
    outputs = {key: spec for key, spec in kind.outputs.properties.items() if key != "azureApiVersion"}
    _lay_out(models, row, name, inputs, kind.inputs.required - left_out, row.outside)
    _lay_out(models, row, f"{name}.read", outputs, frozenset(), row.outside)
    Union(models, outputs=True).add(f"@{name}", f"@{name}.read")
    shape = models.shapes[name]
    shape.read |= _ENVELOPE.keys() - shape.members.keys()
    shape.members |= {key: spec for key, spec in _ENVELOPE.items() if key not in shape.members}
    return f"@{name}"


def _lay_out(
    models: Models,
    row: Row,
    name: str,
    fields: dict[str, str],
    required: frozenset[str],
    outside: frozenset[str] | None,
) -> None:
    """A shape; where some keys stay `outside`, the others lie in `properties`."""
    shape = models.shapes[name] = Shape()
    inner = shape
    if outside is not None:
        inner = models.shapes[f"{name}.properties"] = Shape()
        shape.members["properties"] = f"@{name}.properties"
    for key, spec in fields.items():
        stays = outside is None or key in outside
        place, arm = (shape, key) if stays else (inner, row.renamed.get(key, key))
        place.members[arm] = _spec(models, row, key, spec)
        place.required |= {arm} if key in required else set()


def _spec(models: Models, row: Row, key: str, spec: str) -> str:
    if key == "userAssignedIdentities":
        return "{}any"
    core = bare(spec)
    around = spec[: len(spec) - len(core)]
    if core in SCALARS:
        return spec
    if "|" in core or ":" not in core:
        return f"{around}any"
    if core not in models.shapes:
        kind = object_type(core)
        flat = row.flat.get(core.replace("/outputs", "").removesuffix("Response"))
        required = frozenset() if "/outputs" in core else kind.required
        _lay_out(models, row, core, dict(kind.properties), required, flat)
    return f"{around}@{core}"
