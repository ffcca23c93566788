"""Model, code and environment versions, named after their content and uploaded once."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from azml.bundling import Bundle, BundledAsset, BundledEnvironment
from azml.specs import AssetReference, InferenceConfig, Route
from azml.stack.checks.live_state import ask_live_state
from azml.stack.versions import Local, as_registered, kind_of, version_id, version_ids

from .component import Component
from .uploads import BundleUpload, BundleUploadArgs, folder_of
from .workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class AssetsArgs:
    """The bundles of all deployments of the program, and the workspace to register them in."""

    workspace: Workspace
    bundles: Sequence[Bundle]


class Assets(Component):
    """The asset versions of a workspace's deployments. Two slots with the same content share a version.

    Versions and uploads are kept when the program no longer uses them: release files that refer to them must
    keep working. Versions that the workspace already has are adopted: Azure refuses to create them again.
    """

    def __init__(self, name: str, args: AssetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Assets", name, opts)
        self.workspace = args.workspace
        self._known = self._registered(args.bundles)
        self._versions: dict[str, pulumi.Resource] = {}
        self._uploads: dict[str, BundleUpload] = {}
        for bundle in args.bundles:
            for part in (bundle.model, bundle.code, bundle.environment):
                if isinstance(part, Local):
                    self._declare(as_registered(self.workspace.arm_id, part, self._known))
        self.register_outputs({})

    def arm_id(self, asset: Local | AssetReference, kind: str) -> str:
        """The id by which a deployment refers to the asset."""
        own = self.workspace.arm_id
        return version_id(
            own, as_registered(own, asset, self._known) if isinstance(asset, Local) else asset, kind
        )

    def versions_of(self, bundle: Bundle) -> list[pulumi.Resource]:
        """The resources that a deployment of the bundle must wait for."""
        parts = [part for part in (bundle.model, bundle.code, bundle.environment) if isinstance(part, Local)]
        return [self._versions[self.arm_id(part, kind_of(part))] for part in parts]

    def _registered(self, bundles: Sequence[Bundle]) -> frozenset[str]:
        """The ids of versions that the workspace has, read here unless the program has already read them."""
        if self.workspace.live_state:
            return self.workspace.live_state.registered
        versions = version_ids(self.workspace.arm_id, bundles)
        return ask_live_state({"ids": [], "versions": versions}, pulumi.InvokeOptions(parent=self)).registered

    def _declare(self, asset: Local) -> None:
        kind = kind_of(asset)
        version = version_id(self.workspace.arm_id, asset, kind)
        if version in self._versions:
            return
        name = f"{kind}/{asset.name}/{asset.version}"
        if isinstance(asset, BundledEnvironment):
            made = self._environment(name, asset, self._version_options(version, []))
        else:
            options = self._version_options(version, [self._upload(asset)])
            made = (self._model if asset.kind == "model" else self._code)(name, asset, options)
        self._versions[version] = made

    def _upload(self, asset: BundledAsset) -> pulumi.Resource:
        folder = folder_of(asset)
        if folder not in self._uploads:
            own = self.workspace
            args = BundleUploadArgs(
                asset=asset,
                storage_account_id=own.storage_account_id,
                container=own.blob_container,
                role_granted=own.grants_roles,
            )
            self._uploads[folder] = BundleUpload(folder, args, self._options(own.deployer_grants))
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
        # A version is immutable once registered: Azure refuses to change what it points to.
        options.ignore_changes = ["properties"]
        if version in self._known:
            # Whoever registered it, it has the same content, and Azure refuses to create it again.
            options.import_ = version
        return options

    def _options(self, after: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        first = [*self.workspace.first, *after]
        return self._child(pulumi.ResourceOptions(retain_on_delete=True, depends_on=first))


def _routes(config: InferenceConfig) -> ml.InferenceContainerPropertiesArgs:
    return ml.InferenceContainerPropertiesArgs(
        liveness_route=_route(config.liveness_route),
        readiness_route=_route(config.readiness_route),
        scoring_route=_route(config.scoring_route),
    )


def _route(route: Route) -> ml.RouteArgs:
    return ml.RouteArgs(path=route.path, port=route.port)
