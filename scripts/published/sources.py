"""Which installed package describes which resource types, and what its description says of their bodies."""

import functools
import importlib.util
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from scripts.published import models, operations
from scripts.published.operations import Operation
from scripts.published.shapes import Models

ML = "Microsoft.MachineLearningServices"


@dataclass(frozen=True)
class Source:
    """A client in a package: its distribution, its folder, and the resource types it is asked about."""

    prefix: str
    distribution: str
    package: str
    folder: str
    types: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where the client lies."""
        return package_folder(self.package) / self.folder

    @property
    def said(self) -> str:
        """The package and its version."""
        return f"{self.distribution} {version(self.distribution)}"

    def models(self) -> Models:
        """Its models."""
        return _models(self.path)

    def operations(self) -> list[Operation]:
        """Its operations."""
        return _operations(self.path)


@functools.cache
def _models(path: Path) -> Models:
    return models.read(path / "models")


@functools.cache
def _operations(path: Path) -> list[Operation]:
    return operations.read(path / "operations")


def package_folder(package: str) -> Path:
    """Where an installed package lies. Raises ImportError when it is not installed."""
    above, _, _ = package.rpartition(".")
    spec = importlib.util.find_spec(above) if above else None
    for folder in spec.submodule_search_locations or () if spec else ():
        found = Path(folder) / package.rpartition(".")[2]
        if found.is_dir():
            return found
    raise ImportError(f"the package {package} is not installed in this environment")


def _mgmt(name: str, folder: str, *types: str) -> Source:
    return Source(f"{name}.", f"azure-mgmt-{name}", f"azure.mgmt.{name}", folder, types)


MACHINE_LEARNING = Source(
    "ml.",
    "azure-ai-ml",
    "azure.ai",
    "ml/_restclient/arm_ml_service",
    (
        f"{ML}/registries",
        *(
            f"{ML}/registries/{name}{below}"
            for name in ("codes", "environments", "models")
            for below in ("", "/versions")
        ),
        f"{ML}/workspaces",
        *(
            f"{ML}/workspaces/{name}"
            for name in (
                "batchEndpoints",
                "codes",
                "codes/versions",
                "computes",
                "data",
                "data/versions",
                "datastores",
                "environments",
                "environments/versions",
                "models",
                "models/versions",
                "onlineEndpoints",
                "onlineEndpoints/deployments",
                "serverlessEndpoints",
            )
        ),
    ),
)
SOURCES = (
    MACHINE_LEARNING,
    _mgmt(
        "storage",
        "",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
    ),
    _mgmt("keyvault", "", "Microsoft.KeyVault/vaults", "Microsoft.KeyVault/vaults/keys"),
    _mgmt("loganalytics", "", "Microsoft.OperationalInsights/workspaces"),
    _mgmt("applicationinsights", "v2020_02_02", "Microsoft.Insights/components"),
    Source(
        "workbooks.",
        "azure-mgmt-applicationinsights",
        "azure.mgmt.applicationinsights",
        "v2023_06_01",
        ("Microsoft.Insights/workbooks",),
    ),
    _mgmt("authorization", "v2022_04_01", "Microsoft.Authorization/roleAssignments"),
    _mgmt("resource", "resources", "Microsoft.Resources/resourceGroups"),
    _mgmt("msi", "v2024_11_30", "Microsoft.ManagedIdentity/userAssignedIdentities"),
    _mgmt(
        "monitor",
        "",
        "Microsoft.Insights/actionGroups",
        "Microsoft.Insights/autoscaleSettings",
        "Microsoft.Insights/metricAlerts",
    ),
)
