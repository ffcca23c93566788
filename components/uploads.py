"""The files of a bundle in the workspace's container, as one resource of our own plugin."""

from dataclasses import dataclass

import pulumi

from azml.bundling import BundledAsset
from azml.file_list import file_list_text
from azml.stack.questions import ask


@dataclass(frozen=True, kw_only=True)
class BundleUploadArgs:
    """A bundle, and the container of a storage account (an ARM id) to upload it to.

    `role_granted` says that the program grants its own identity a role there: a refusal is then retried until
    Azure honours the role.
    """

    asset: BundledAsset
    storage_account_id: pulumi.Input[str]
    container: pulumi.Input[str]
    role_granted: bool = False


class BundleUpload(pulumi.CustomResource):
    """Uploads a bundle into a folder of a container that is named after its content, unless it exists.

    The paths of its files on this machine go to the plugin separately from the inputs, so that the state does
    not contain them.
    """

    url: pulumi.Output[str]
    """The URL of the folder."""

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
    """The folder of a bundle in the container, by digest: two models may have the same name and version."""
    return f"azml/{'models' if asset.kind == 'model' else 'code'}/{asset.digest}"
