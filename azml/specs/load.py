"""The two entrances: a file in, a frozen record out, or every finding at once."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .records import DeploymentSpec, EndpointSpec

NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})


def load_endpoint(path: Path) -> EndpointSpec:
    """Read an online endpoint file. Raises InvalidInput with every finding."""
    raise NotImplementedError


def load_deployment(
    path: Path, *, overrides: Mapping[str, object] = NO_OVERRIDES, override_source: str = ""
) -> DeploymentSpec:
    """Read an online deployment file; `overrides` replace its keys, findings in them name `override_source`.

    Raises InvalidInput with every finding.
    """
    raise NotImplementedError
