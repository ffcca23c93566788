"""From a deployment's spec to its bundle."""

from collections.abc import Mapping
from dataclasses import replace

from azml.findings import Finding, InvalidInput
from azml.served import Served, same_in_any_form
from azml.specs import AssetReference, DeploymentSpec, LocalCode, LocalEnvironment, LocalModel

from .assets import bundle_code, bundle_model, default_name
from .cache import HashCache
from .environments import bundle_environment, shown
from .model_paths import model_path_notes
from .records import Bundle, BundledAsset, BundledEnvironment

SHORT = 12  # hex digits shown of a digest
Named = BundledAsset | BundledEnvironment | AssetReference | None


def bundle(spec: DeploymentSpec, *, endpoint: str, cache: HashCache) -> Bundle:
    """Check and name everything `spec` deploys on the endpoint named `endpoint`.

    Assets are named `<endpoint>-<deployment>` and versioned by content unless the file says otherwise.
    Raises InvalidInput with every finding.
    """
    findings: list[Finding] = []
    notes = list(cache.notes)
    cache.notes.clear()  # one bundle reports it for all
    name = default_name(endpoint, spec.name)
    _check_parts(spec, findings)
    model: BundledAsset | AssetReference | None
    if isinstance(spec.model, LocalModel):
        model = bundle_model(spec.model, name, spec, cache, findings)
    else:
        model = spec.model
    code: BundledAsset | AssetReference | None
    if isinstance(spec.code, LocalCode):
        code = bundle_code(spec.code, name, spec, cache, findings)
    else:
        code = spec.code
    environment: BundledEnvironment | AssetReference | None
    if isinstance(spec.environment, LocalEnvironment):
        environment = bundle_environment(spec.environment, name, spec, findings, notes)
    else:
        environment = spec.environment
    cache.save()
    if findings:
        raise InvalidInput(findings)
    _note_given_versions(spec, notes)
    if isinstance(model, BundledAsset) and isinstance(spec.code, LocalCode) and spec.scoring_script:
        script = spec.code.path / spec.scoring_script
        notes += model_path_notes(
            script, spec.scoring_script, {model.blob_path(file) for file in model.files}
        )
    serves = _serves(spec, model, code, environment)
    return Bundle(model, code, environment, serves, _files(spec, model, code, environment), tuple(notes))


def _check_parts(spec: DeploymentSpec, findings: list[Finding]) -> None:
    """Require the parts that a deployment needs: environment and code for a custom model, none for MLflow."""
    environment = spec.environment
    container = environment.inference_config if isinstance(environment, LocalEnvironment) else None
    if spec.model is None and spec.code is None and environment is None:
        remedy = "add model:, or environment: and code"
        findings.append(Finding("deploys nothing", remedy, *spec.place("model")))
    elif not isinstance(spec.model, AssetReference) and _is_custom(spec):
        if environment is None:
            remedy = "add environment: with image: and conda_file:, or azureml:name:version"
            place = spec.place("environment")
            findings.append(Finding("a custom model needs an environment", remedy, *place))
        elif spec.code is None and isinstance(environment, LocalEnvironment) and container is None:
            remedy = "add code_configuration: with code: and scoring_script:"
            place = spec.place("code_configuration")
            findings.append(Finding("a custom model needs a scoring script", remedy, *place))
    if spec.code is not None and environment is None and not _is_custom(spec):
        remedy = "add environment:, or leave out code_configuration to serve the MLflow model as it is"
        findings.append(Finding("a scoring script needs an environment", remedy, *spec.place("environment")))


def _is_custom(spec: DeploymentSpec) -> bool:
    """Whether the model needs an environment and a scoring script."""
    return not (isinstance(spec.model, LocalModel) and spec.model.type != "custom_model")


def _note_given_versions(spec: DeploymentSpec, notes: list[str]) -> None:
    """Note that a version fixed in the file does not follow the content."""
    for kind, asset in (("model", spec.model), ("environment", spec.environment)):
        if isinstance(asset, (LocalModel, LocalEnvironment)) and asset.version is not None:
            notes.append(
                f"the {kind}'s version {asset.version!r} is fixed: change it whenever its content changes"
            )


def label(asset: Named) -> str | None:
    """`name:version` of an asset: the same for an asset on disk and for a reference to its version."""
    if asset is None:
        return None
    if not isinstance(asset, AssetReference):
        return f"{asset.name}:{asset.version}"
    tail = f":{asset.version}" if asset.version is not None else f"@{asset.label or 'latest'}"
    return f"{asset.registry}/{asset.name}{tail}" if asset.registry else f"{asset.name}{tail}"


def _served(asset: Named) -> str | None:
    """The label with the version in its canonical form."""
    if asset is None or asset.version is None:
        return label(asset)
    return label(replace(asset, version=same_in_any_form(asset.version)))


def _serves(spec: DeploymentSpec, model: Named, code: Named, environment: Named) -> str:
    """The digest of what a slot serves; the form in which a version is written does not affect it."""
    return Served(
        _served(model),
        _served(code),
        _served(environment),
        spec.scoring_script,
        spec.instance_type,
        spec.environment_variables,
        spec.model_mount_path,
    ).digest


def _files(
    spec: DeploymentSpec,
    model: BundledAsset | AssetReference | None,
    code: BundledAsset | AssetReference | None,
    environment: BundledEnvironment | AssetReference | None,
) -> Mapping[str, str]:
    """What a preview compares: each file of a local asset, or the reference of a registered one."""
    found: dict[str, str] = {}
    for kind, asset in (("model", model), ("code", code)):
        if isinstance(asset, BundledAsset):
            found |= {f"{kind}/{file.path}": file.sha256[:SHORT] for file in asset.files}
        elif asset is not None:
            found[kind] = label(asset) or ""
    if isinstance(environment, BundledEnvironment) and isinstance(spec.environment, LocalEnvironment):
        found |= shown(spec.environment, environment)
    elif environment is not None:
        found["environment"] = label(environment) or ""
    return found
