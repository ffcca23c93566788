"""Paths of inputs that Azure writes itself, so that a refresh must not make a change of them."""

from collections.abc import Mapping

from azml.server_owned import PROPERTIES


def azures_properties(given: Mapping[str, str]) -> list[str]:
    """The paths to ignore below an endpoint's or a deployment's own properties, of which the file gives some.

    Azure keeps notes of its own among them and changes some with every write, a write of the shares too.
    Without properties in the file all are Azure's. With some, the known names of Azure's are left out, so
    that a key that is added to the file is still written: "Properties can be added, but not removed or
    altered" (REST reference of online endpoints).
    """
    if not given:
        return ["properties.properties"]
    return [f'properties.properties["{name}"]' for name in sorted(PROPERTIES)]
