"""Model, code and environment versions, named by their content and uploaded once."""

from __future__ import annotations  # or the SDK would load with this module

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from azml.bundling import BundledAsset, BundledEnvironment
from azml.specs import AssetReference, InferenceConfig, Route

from .uploads import BundleUpload, folder_of
from .versions import Local, as_held, kind_of, version_id
from .workspace import Workspace


class Assets(pulumi.ComponentResource):
    """The versions a workspace's deployments are made of. Two slots with the same content share one.

    Versions and uploads outlive the stack's interest in them: what a release file names must keep working.
    `held` are the ids of versions that the workspace holds already.
    """

    def __init__(
        self, workspace: Workspace, held: frozenset[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("azml:components:Assets", workspace.name, {}, opts)
        self.workspace = workspace
        self._held = held
        self._made: dict[str, pulumi.Resource] = {}
        self._uploads: dict[str, BundleUpload] = {}
        self.register_outputs({})

    def arm_id(self, asset: Local | AssetReference, kind: str) -> str:
        """The id a deployment names the asset by."""
        own = self.workspace.arm_id
        return version_id(own, as_held(own, asset, self._held) if isinstance(asset, Local) else asset, kind)

    def declare(
        self, asset: Local | AssetReference | None, after: list[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        """Register and upload `asset`, but not before `after`; returns what its deployments wait for."""
        if asset is None or isinstance(asset, AssetReference):
            return []
        asset = as_held(self.workspace.arm_id, asset, self._held)
        kind = kind_of(asset)
        name = f"{kind}/{asset.name}/{asset.version}"
        if name not in self._made:
            self._made[name] = self._new_version(name, self.arm_id(asset, kind), asset, after)
        return [self._made[name]]

    def _new_version(
        self,
        name: str,
        version: str,
        asset: Local,
        after: list[pulumi.Resource],
    ) -> pulumi.Resource:
        if isinstance(asset, BundledEnvironment):
            return self._environment(name, asset, self._version_options(version, after))
        options = self._version_options(version, [*after, self._upload(asset, after)])
        return (self._model if asset.kind == "model" else self._code)(name, asset, options)

    def _upload(self, asset: BundledAsset, after: list[pulumi.Resource]) -> BundleUpload:
        folder = folder_of(asset)
        if folder not in self._uploads:
            options = self._options([*after, *self.workspace.deployer_grants])
            self._uploads[folder] = BundleUpload(folder, asset, self.workspace, options)
        return self._uploads[folder]

    def _code(self, name: str, asset: BundledAsset, options: pulumi.ResourceOptions) -> pulumi.Resource:
        container = self.workspace.blob_container
        place = pulumi.Output.concat(self.workspace.blob_endpoint, container, "/", folder_of(asset))
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
            f"/workspaces/{own.name}/datastores/workspaceblobstore/paths/{folder_of(asset)}/{asset.root}"
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
            ),
            opts=options,
        )

    def _version_options(self, version: str, after: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        options = self._options(after)
        # A version is settled when it is registered: Azure refuses to change where it points.
        options.ignore_changes = ["properties"]
        if version in self._held:
            # Ours or not, it is the same content; creating it a second time is refused.
            options.import_ = version
        return options

    def _options(self, after: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        first = [*self.workspace.resources, *after]
        return pulumi.ResourceOptions(parent=self, retain_on_delete=True, depends_on=first)


def _routes(config: InferenceConfig) -> ml.InferenceContainerPropertiesArgs:
    return ml.InferenceContainerPropertiesArgs(
        liveness_route=_route(config.liveness_route),
        readiness_route=_route(config.readiness_route),
        scoring_route=_route(config.scoring_route),
    )


def _route(route: Route) -> ml.RouteArgs:
    return ml.RouteArgs(path=route.path, port=route.port)
