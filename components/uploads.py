"""The files of a bundle in the workspace's container, as one resource of our own plugin."""

from dataclasses import dataclass

import pulumi

from azml.bundling import BundledAsset
from azml.file_list import file_list_text
from azml.stack.questions import ask


@dataclass(frozen=True, kw_only=True)
class BundleUploadArgs:
    """A bundle, and the container of a storage account (an ARM id) it goes to.

    `role_granted` says that the program gives whoever runs it a role there: a refusal at first is waited out.
    """

    asset: BundledAsset
    storage_account_id: pulumi.Input[str]
    container: pulumi.Input[str]
    role_granted: bool = False


class BundleUpload(pulumi.CustomResource):
    """Uploads a bundle into a folder of a container that is named by its content, unless it is there.

    Where its files lie on this machine is told to the plugin beside the inputs: the state holds no such path.
    """

    url: pulumi.Output[str]
    """The folder's address."""

    def __init__(self, name: str, args: BundleUploadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        asset, folder = args.asset, folder_of(args.asset)
        if not pulumi.runtime.is_dry_run():
            _tell_sources(folder, asset, opts)
        inputs = {
            "accountId": args.storage_account_id,
            "container": args.container,
            "digest": asset.digest,
            "folder": folder,
            "files": file_list_text({asset.blob_path(file): file.sha256 for file in asset.files}),
            "roleGranted": args.role_granted,
            "url": None,
        }
        super().__init__("azml:index:BundleUpload", name, inputs, opts)


def _tell_sources(folder: str, asset: BundledAsset, opts: pulumi.ResourceOptions | None) -> None:
    files = {asset.blob_path(file): file.location for file in asset.files}
    parent, provider = (opts.parent, opts.provider) if opts else (None, None)
    options = pulumi.InvokeOptions(parent=parent, provider=provider)
    ask("bundleSources", {"folder": folder, "files": files}, options)


def folder_of(asset: BundledAsset) -> str:
    """Where the files of one content lie in the container: two models may each be the version 1 of a name."""
    return f"azml/{'models' if asset.kind == 'model' else 'code'}/{asset.digest}"
