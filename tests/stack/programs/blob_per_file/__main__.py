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
from components.assets import Assets  # noqa: E402
from components.uploads import folder_of  # noqa: E402


def upload(self: Any, asset: BundledAsset, after: list[pulumi.Resource]) -> storage.Blob:
    """A Blob for each file; the last one stands for all."""
    account = self.workspace.storage_id.split("/")
    for file in asset.files:
        path = f"{folder_of(asset)}/{asset.blob_path(file)}"
        blob = storage.Blob(
            path,
            blob_name=path,
            account_name=account[-1],
            container_name=self.workspace.blob_container,
            resource_group_name=account[4],
            source=pulumi.FileAsset(file.location),
            opts=self._options(after),
        )
    return blob


Assets._upload = upload  # type: ignore[method-assign, assignment]
runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
