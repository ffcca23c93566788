"""Environments in the deployment file: checked, completed with the server, named after their content."""

import hashlib
import json
from dataclasses import asdict

import yaml

from azml.findings import Finding
from azml.specs import DeploymentSpec, InferenceConfig, LocalEnvironment, Node, from_python, parse

from .conda import check_conda
from .image import image_notes
from .records import BundledEnvironment
from .server import SERVER, in_the_way, lacks_hash, with_server
from .versions import digest_of, version_of


def bundle_environment(
    environment: LocalEnvironment, name: str, spec: DeploymentSpec, findings: list[Finding], notes: list[str]
) -> BundledEnvironment | None:
    """The environment as an asset; None with findings."""
    before = len(findings)
    if environment.image is None:
        remedy = "image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04 fits most conda files"
        findings.append(Finding("has no image", remedy, *spec.place("environment.image")))
    conda = environment.conda
    if conda is not None:
        _check_conda(conda, environment, spec, findings)
    if len(findings) > before or environment.image is None:
        return None
    if conda is not None and environment.inference_config is None:
        conda, note = _complete(conda, environment)
        notes += note
    elif conda is None and environment.inference_config is None:
        notes += image_notes(environment.image)
    config = environment.inference_config
    routes = _routes(config) if config else ""
    digest = digest_of("environment", environment.image, conda or "", routes)
    return BundledEnvironment(
        name=environment.name or name,
        version=environment.version or version_of(digest),
        digest=digest,
        image=environment.image,
        conda=conda,
        inference_config=config,
        description=environment.description,
        tags=environment.tags,
    )


def _complete(conda: str, environment: LocalEnvironment) -> tuple[str, list[str]]:
    """The conda file with the server, and a note where it had to be added."""
    completed, added = with_server(conda)
    if not added:
        return completed, []
    where = environment.conda_file.name if environment.conda_file else "the conda file"
    note = f"{where} has no inference server: {added} was added"
    if added == SERVER:
        note += f", without a bound, because {in_the_way(conda)} leaves no version from 1.5.1"
    return completed, [note]


def conda_document(
    environment: LocalEnvironment, spec: DeploymentSpec, findings: list[Finding]
) -> Node | None:
    """The conda file with the places of its values; one written inline has them in the deployment file.

    None without one, and with a finding where it cannot be parsed.
    """
    if environment.conda is None:
        return None
    if environment.conda_file is not None:
        return parse(environment.conda, environment.conda_file, findings)
    return from_python(yaml.safe_load(environment.conda), "environment.conda_file", spec.place)


def _check_conda(
    conda: str, environment: LocalEnvironment, spec: DeploymentSpec, findings: list[Finding]
) -> None:
    """Check the conda file."""
    file, before = environment.conda_file, len(findings)
    root = conda_document(environment, spec, findings)
    if root is not None:
        check_conda(root, findings)
    if len(findings) == before and environment.inference_config is None and lacks_hash(conda):
        place = (file, None, None) if file else spec.place("environment.conda_file")
        remedy = f"add {SERVER}==1.5.1 with its --hash, and those of all that it needs"
        findings.append(Finding("has hashes, and the inference server is not in it", remedy, *place))


def _routes(config: InferenceConfig) -> str:
    return json.dumps(asdict(config), sort_keys=True)


def shown(environment: LocalEnvironment, bundled: BundledEnvironment) -> dict[str, str]:
    """The parts of an environment by name, as digests that a preview can compare."""
    found = {"environment/image": bundled.image}
    if bundled.conda is not None:
        name = environment.conda_file.name if environment.conda_file else "conda.yml"
        found[f"environment/{name}"] = bundled.conda
    if bundled.inference_config is not None:
        found["environment/inference_config"] = _routes(bundled.inference_config)
    return {path: hashlib.sha256(text.encode()).hexdigest()[:12] for path, text in found.items()}
