"""The program as it was when each file was a resource of azure-native's, to make the state it left behind."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi_azure_native import storage

ROOT = Path(__file__).parents[4]
sys.path.insert(0, str(ROOT))

from azml.bundling import BundledAsset  # noqa: E402 - found by the line above
from azml.components.assets import Assets  # noqa: E402
from azml.components.uploads import folder_of  # noqa: E402


def upload(self: Any, asset: BundledAsset) -> storage.Blob:
    """A Blob for each file; the last one stands for all."""
    account = self.workspace.storage_account_id.apply(lambda one: one.split("/"))
    for file in asset.files:
        path = f"{folder_of(asset)}/{asset.blob_path(file)}"
        blob = storage.Blob(
            path,
            blob_name=path,
            account_name=account[8],
            container_name=self.workspace.blob_container,
            resource_group_name=account[4],
            source=pulumi.FileAsset(file.location),
            opts=self._options([]),
        )
    return blob


Assets._upload = upload  # type: ignore[method-assign]
runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
