"""Model, code and environment versions, named by their content and uploaded once."""

import re
from collections.abc import Callable

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import storage

from azml.bundling import BundledAsset, BundledEnvironment
from azml.specs import AssetReference, InferenceConfig, Route

from .workspace import Workspace

FOLDERS = {"model": "models", "code": "codes", "environment": "environments"}
"""Asset kinds, and the segment of a resource id that stands for each."""

NOT_FOUND = re.compile(r"\b404\b|NotFound|not found", re.IGNORECASE)
"""How a failed look-up says that there is nothing: the version, its workspace or its resource group."""


class Assets(pulumi.ComponentResource):
    """The versions a workspace's deployments are made of. Two slots with the same content share one.

    Versions and blobs outlive the stack's interest in them: what a release file names must keep working.
    """

    def __init__(self, workspace: Workspace, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azml:components:Assets", workspace.name, {}, opts)
        self.workspace = workspace
        self._made: dict[str, pulumi.Resource] = {}
        self._blobs: dict[str, storage.Blob] = {}
        self.register_outputs({})

    def arm_id(self, asset: BundledAsset | BundledEnvironment | AssetReference, kind: str) -> str:
        """The id a deployment names the asset by."""
        if isinstance(asset, AssetReference) and asset.id:
            return asset.id
        return f"{self.workspace.arm_id}/{FOLDERS[kind]}/{asset.name}/versions/{asset.version}"

    def declare(
        self, asset: BundledAsset | BundledEnvironment | AssetReference | None, after: list[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        """Register and upload `asset`, but not before `after`; returns what its deployments wait for."""
        if asset is None or isinstance(asset, AssetReference):
            return []
        kind = "environment" if isinstance(asset, BundledEnvironment) else asset.kind
        name = f"{kind}/{asset.name}/{asset.version}"
        if name not in self._made:
            self._made[name] = self._new_version(name, self.arm_id(asset, kind), asset, after)
        return [self._made[name]]

    def _new_version(
        self,
        name: str,
        version_id: str,
        asset: BundledAsset | BundledEnvironment,
        after: list[pulumi.Resource],
    ) -> pulumi.Resource:
        if isinstance(asset, BundledEnvironment):
            return self._environment(name, asset, self._version_options(version_id, asset, after))
        options = self._version_options(version_id, asset, [*after, *self._upload(asset, after)])
        return (self._model if asset.kind == "model" else self._code)(name, asset, options)

    def _upload(self, asset: BundledAsset, after: list[pulumi.Resource]) -> list[storage.Blob]:
        folder = _folder(asset)
        for file in asset.files:
            path = f"{folder}/{asset.blob_path(file)}"
            if path not in self._blobs:
                self._blobs[path] = storage.Blob(
                    path,
                    blob_name=path,
                    account_name=self.workspace.storage_account,
                    container_name=self.workspace.blob_container,
                    resource_group_name=self.workspace.storage_resource_group,
                    source=pulumi.FileAsset(str(file.source)),
                    opts=self._options(after),
                )
        return [self._blobs[f"{folder}/{asset.blob_path(file)}"] for file in asset.files]

    def _code(self, name: str, asset: BundledAsset, options: pulumi.ResourceOptions) -> pulumi.Resource:
        container = self.workspace.blob_container
        place = pulumi.Output.concat(self.workspace.blob_endpoint, container, "/", _folder(asset))
        return ml.CodeVersion(
            name,
            name=asset.name,
            version=asset.version,
            resource_group_name=self.workspace.resource_group,
            workspace_name=self.workspace.name,
            properties=ml.CodeVersionPropertiesArgs(
                code_uri=place,
                description=asset.description,
                tags=asset.tags,
                properties=asset.properties,
            ),
            opts=options,
        )

    def _model(self, name: str, asset: BundledAsset, options: pulumi.ResourceOptions) -> pulumi.Resource:
        own = self.workspace
        place = (
            f"azureml://subscriptions/{own.account.subscription_id}/resourcegroups/{own.resource_group}"
            f"/workspaces/{own.name}/datastores/workspaceblobstore/paths/{_folder(asset)}/{asset.root}"
        )
        return ml.ModelVersion(
            name,
            name=asset.name,
            version=asset.version,
            resource_group_name=own.resource_group,
            workspace_name=own.name,
            properties=ml.ModelVersionPropertiesArgs(
                model_uri=place,
                model_type=asset.type or "custom_model",
                description=asset.description,
                tags=asset.tags,
                properties=asset.properties,
            ),
            opts=options,
        )

    def _environment(
        self, name: str, asset: BundledEnvironment, options: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        config = asset.inference_config
        return ml.EnvironmentVersion(
            name,
            name=asset.name,
            version=asset.version,
            resource_group_name=self.workspace.resource_group,
            workspace_name=self.workspace.name,
            properties=ml.EnvironmentVersionPropertiesArgs(
                image=asset.image,
                conda_file=asset.conda,
                os_type="Linux",
                inference_config=_routes(config) if config else None,
                description=asset.description,
                tags=asset.tags,
                properties=asset.properties,
            ),
            opts=options,
        )

    def _version_options(
        self, version_id: str, asset: BundledAsset | BundledEnvironment, after: list[pulumi.Resource]
    ) -> pulumi.ResourceOptions:
        options = self._options(after)
        # A version is settled when it is registered: Azure refuses to change where it points.
        options.ignore_changes = ["properties"]
        if _is_registered(asset, self.workspace):
            # Ours or not, it is the same content; creating it a second time is refused.
            options.import_ = version_id
        return options

    def _options(self, after: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        first = [*self.workspace.resources, *after]
        return pulumi.ResourceOptions(parent=self, retain_on_delete=True, depends_on=first)


def _folder(asset: BundledAsset) -> str:
    """Where the files of one version lie in the container."""
    return f"azml/{'models' if asset.kind == 'model' else 'code'}/{asset.version}"


def _is_registered(asset: BundledAsset | BundledEnvironment, workspace: Workspace) -> bool:
    """Whether the workspace holds this version: kept from an earlier update, or put there by others."""
    find: Callable[..., object] = ml.get_environment_version
    if isinstance(asset, BundledAsset):
        find = ml.get_model_version if asset.kind == "model" else ml.get_code_version
    try:
        find(
            name=asset.name,
            version=asset.version,
            resource_group_name=workspace.resource_group,
            workspace_name=workspace.name,
        )
    except Exception as error:  # The SDK raises nothing more telling.
        if NOT_FOUND.search(str(error)):
            return False
        raise
    return True


def _routes(config: InferenceConfig) -> ml.InferenceContainerPropertiesArgs:
    return ml.InferenceContainerPropertiesArgs(
        liveness_route=_route(config.liveness_route),
        readiness_route=_route(config.readiness_route),
        scoring_route=_route(config.scoring_route),
    )


def _route(route: Route) -> ml.RouteArgs:
    return ml.RouteArgs(path=route.path, port=route.port)
