"""The files of a bundle in the workspace's container, as one resource of our own plugin."""

import pulumi

from azml.bundling import BundledAsset
from azml.file_list import file_list_text

from .plugin import asking
from .workspace import Workspace


class BundleUpload(pulumi.CustomResource):
    """Uploads a bundle into `folder` of the workspace's container, unless it is there.

    Where its files lie on this machine is told to the plugin beside the inputs: the state holds no such path.
    """

    url: pulumi.Output[str]

    def __init__(
        self, folder: str, asset: BundledAsset, workspace: Workspace, opts: pulumi.ResourceOptions
    ) -> None:
        if not pulumi.runtime.is_dry_run():
            _tell_sources(folder, asset, opts)
        inputs = {
            "accountId": workspace.storage_id,
            "container": workspace.blob_container,
            "digest": asset.digest,
            "folder": folder,
            "files": file_list_text({asset.blob_path(file): file.sha256 for file in asset.files}),
            "roleGranted": workspace.grants_roles,
            "url": None,
        }
        super().__init__("azml:index:BundleUpload", folder, inputs, opts)


def _tell_sources(folder: str, asset: BundledAsset, opts: pulumi.ResourceOptions) -> None:
    files = {asset.blob_path(file): file.location for file in asset.files}
    options = pulumi.InvokeOptions(parent=opts.parent)
    with asking():
        pulumi.runtime.invoke("azml:index:bundleSources", {"folder": folder, "files": files}, options)


def folder_of(asset: BundledAsset) -> str:
    """Where the files of one content lie in the container: two models may each be the version 1 of a name."""
    return f"azml/{'models' if asset.kind == 'model' else 'code'}/{asset.digest}"
