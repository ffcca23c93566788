"""From an endpoint's settings and folder to specs and bundles, with every fault noted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azml import rules
from azml.bundling import Bundle, BundledAsset, BundledEnvironment, HashCache, bundle
from azml.file_list import file_list_text
from azml.findings import Finding, InvalidInput
from azml.specs import (
    AssetReference,
    CollectionData,
    DeploymentSpec,
    EndpointSpec,
    deployment_file,
    deployment_names,
    load_deployment,
    load_endpoint,
    unread_endpoint_files,
    yaml_files,
)
from azml.stack.endpoint.access import NO_ACCESS, Access, access_faults
from azml.stack.endpoint.alerts import AlertRule
from azml.stack.endpoint.autoscale import Scale, check_count, check_scale
from azml.stack.endpoint.endpoint_settings import EndpointSettings, SlotSettings
from azml.stack.sections.faults import Faults

if TYPE_CHECKING:
    from azml.rollout.plan import Plan

Part = BundledAsset | BundledEnvironment | AssetReference
"""An asset of a deployment: on disk, or registered already."""


@dataclass(frozen=True)
class Slot:
    """A deployment ready to declare. `name` is the slot's, whatever name the file gives.

    With `scale`, Azure Monitor decides how many instances it has.
    """

    name: str
    spec: DeploymentSpec
    bundle: Bundle
    scale: Scale | None = None

    @property
    def parts(self) -> Mapping[str, Part]:
        """Its assets by kind: `model`, `code`, `environment`; kinds it does not use are left out."""
        made = self.bundle
        found = {"model": made.model, "code": made.code, "environment": made.environment}
        return {kind: part for kind, part in found.items() if part is not None}


@dataclass(frozen=True)
class ServedEndpoint:
    """An endpoint ready to declare. Shares are positive percents; None where none are given.

    With a `rollout` none are given: they belong to it. `alerts` apply to each deployment.
    """

    spec: EndpointSpec
    slots: tuple[Slot, ...]
    traffic: Mapping[str, int] | None
    mirror_traffic: Mapping[str, int] | None
    allow_live_change: bool
    protect: bool
    rollout: "Plan | None" = None
    access: Access = NO_ACCESS
    alerts: tuple[AlertRule, ...] = ()
    workbook: bool = False


def serves(slots: Iterable[Slot]) -> dict[str, dict[str, object]]:
    """What each slot should serve, in the form the live-slot guard compares."""
    return {
        slot.name: {
            "digest": slot.bundle.serves,
            "files": file_list_text(slot.bundle.files),
            "instanceType": slot.spec.instance_type,
        }
        for slot in slots
    }


def unread(endpoints: Iterable[EndpointSettings]) -> Iterator[Finding]:
    """The files in their folders that look like endpoint files and that none of these endpoints reads.

    Where the stack config names a file of a folder, its author has chosen among them.
    """
    folders: dict[Path, list[EndpointSettings]] = {}
    for settings in endpoints:
        folders.setdefault(settings.folder, []).append(settings)
    for folder, together in folders.items():
        if any(settings.file is None for settings in together):
            read = [path for settings in together if (path := settings.own_file)]
            yield from unread_endpoint_files(folder, read)


def load(settings: EndpointSettings, cache: HashCache, faults: Faults) -> ServedEndpoint | None:
    """Read, check and bundle one endpoint; None when it cannot be used, with the reasons in `faults`."""
    if not settings.folder.is_dir():
        remedy = "create the folder, or point `path:` at another one"
        faults.add(settings.path, f"there is no folder {settings.folder}", remedy)
        return None
    spec = _endpoint(settings, faults)
    found = [_slot(settings, slot, spec, cache, faults) for slot in settings.slots]
    slots = tuple(slot for slot in found if slot)
    if spec is None:
        return None
    traffic = spec.traffic or None if settings.traffic is None else settings.traffic
    mirror = spec.mirror_traffic or None if settings.mirror_traffic is None else settings.mirror_traffic
    if traffic is not None:
        mirror = mirror or {}  # settings that give the traffic also decide that nothing is mirrored
    declared = {slot.name: slot for slot in settings.slots}
    for problem in rules.share_problems(traffic or {}, mirror or {}, declared, spec.kind):
        _share_fault(settings, spec, faults, Finding(problem.message, problem.remedy, key=problem.key))
    for key, message, remedy in access_faults(settings.access, spec, settings.path):
        faults.add(key, message, remedy)
    return ServedEndpoint(
        spec,
        slots,
        _positive(traffic),
        _positive(mirror),
        settings.allow_live_change,
        settings.protect,
        _rollout(settings, spec, faults),
        settings.access,
        settings.alerts,
        settings.workbook,
    )


def _rollout(settings: EndpointSettings, spec: EndpointSpec, faults: Faults) -> "Plan | None":
    """The plan; whoever has one says no shares beside it."""
    if settings.rollout is None:
        return None
    for key, is_set in {
        "traffic": settings.traffic is not None or spec.traffic,
        "mirror_traffic": settings.mirror_traffic is not None or spec.mirror_traffic,
    }.items():
        if is_set:
            remedy = "a rollout owns the shares: remove this, or the rollout"
            _share_fault(settings, spec, faults, Finding("stands beside rollout:", remedy, key=key))
    # Most stacks have no plan, and every preview would load what reads one.
    from azml.rollout.planning.reading import About, read_plan

    about = About(settings.folder, spec.kind, settings.protect)
    return read_plan(settings.rollout, about, faults.findings)


def _endpoint(settings: EndpointSettings, faults: Faults) -> EndpointSpec | None:
    path = settings.own_file
    if path is not None and not path.is_file():
        message = f"there is no {settings.file} in {settings.folder}"
        faults.add(f"{settings.path}.file", message, f"the folder has {_there(settings.folder)}")
        return None
    if path is None and settings.name is None and not rules.ENDPOINT.accepts(settings.key):
        message = f"{settings.key!r} is refused by Azure as the name of an endpoint"
        faults.add(settings.path, message, f"give it a `name:` of {rules.ENDPOINT.words}")
    elif not rules.ASSET_PREFIX.accepts(settings.key):
        faults.add(
            settings.path,
            f"{settings.key!r} cannot be the beginning of model names",
            rules.ASSET_PREFIX.words,
        )
    if path is None:
        return EndpointSpec(name=settings.name or settings.key)
    try:
        spec = load_endpoint(path)
    except InvalidInput as invalid:
        faults.extend(invalid.findings)
        return None
    return replace(spec, name=settings.name or spec.name)


def _slot(
    settings: EndpointSettings,
    slot: SlotSettings,
    endpoint: EndpointSpec | None,
    cache: HashCache,
    faults: Faults,
) -> Slot | None:
    key = f"{settings.path}.deployments.{slot.name}"
    path = _file(settings, slot, key, faults)
    if path is None:
        return None
    owner = endpoint.name if endpoint else settings.name or settings.key
    try:
        spec = load_deployment(
            path,
            overrides={**slot.overrides, **_own_names(slot.name, owner)},
            override_place=lambda own: faults.place(slot.path(key, own) if own else key),
        )
        if slot.scale and "instance_count" not in slot.overrides:
            spec = replace(spec, instance_count=None)  # the stack replaces what the file says
        made = bundle(spec, endpoint=settings.key, cache=cache)
    except InvalidInput as invalid:
        faults.extend(invalid.findings)
        return None
    check_count(spec, faults)
    _references(spec, faults)
    _collected(spec, faults)
    if endpoint and endpoint.kind != spec.kind:
        faults.add(key, f"is {spec.kind} on a {endpoint.kind} endpoint", "use the same kind in both files")
    if slot.scale:
        check_scale(slot.scale, spec, slot.scale_key, faults)
    return Slot(slot.name, spec, made, slot.scale)


def _own_names(slot: str, endpoint: str) -> dict[str, str]:
    """The stack names both, whatever the file says; an invalid name is reported where it is written."""
    return {
        "name": slot if rules.DEPLOYMENT.accepts(slot) else "slot",
        "endpoint_name": endpoint if rules.ENDPOINT.accepts(endpoint) else "endpoint",
    }


def _file(settings: EndpointSettings, slot: SlotSettings, key: str, faults: Faults) -> Path | None:
    found: list[Finding] = []
    named = settings.folder / slot.file if slot.file else None
    path = named or deployment_file(settings.folder, slot.name, found)
    faults.extend(found)
    if path is not None and path.is_file():
        return path
    choices = slot.file or " and no ".join(deployment_names(slot.name))
    message = f"there is no {choices} in {settings.folder}"
    faults.add(f"{key}.file" if slot.file else key, message, f"the folder has {_there(settings.folder)}")
    return None


def _there(folder: Path) -> str:
    """The YAML files of a folder, for a message about one that does not exist."""
    return ", ".join(path.name for path in yaml_files(folder)) or "no .yml and no .yaml file"


def _references(spec: DeploymentSpec, faults: Faults) -> None:
    """Require a version: a label may move, which would change what runs without a preview showing it."""
    parts = {"model": spec.model, "code_configuration.code": spec.code, "environment": spec.environment}
    for key, asset in parts.items():
        if isinstance(asset, AssetReference) and asset.version is None:
            named = str(asset).partition("/labels/")[0]
            remedy = f"add one, as in {f'{named}/versions/1' if asset.id else f'azureml:{asset.name}:1'}"
            faults.extend([Finding(f"{asset} has no version", remedy, *spec.place(key))])


def _collected(spec: DeploymentSpec, faults: Faults) -> None:
    """`az ml` registers a data asset for such a path; a stack creates only models, code and environments."""
    for name, collection in spec.data_collector.collections.items() if spec.data_collector else ():
        data = collection.data
        if isinstance(data, CollectionData) and data.path and not data.data_id:
            place = spec.place(f"data_collector.collections.{name}.data.path")
            remedy = "register a data asset with this path, and refer to it with name: and version: only"
            faults.extend([Finding("is a path, and the stack creates no data asset", remedy, *place)])


def _share_fault(settings: EndpointSettings, spec: EndpointSpec, faults: Faults, finding: Finding) -> None:
    key = finding.key or ""
    written = {"traffic": settings.traffic, "mirror_traffic": settings.mirror_traffic}[key.split(".")[0]]
    if written is None:
        faults.extend([Finding(finding.message, finding.remedy, *spec.place(key))])
    else:
        faults.add(f"{settings.path}.{key}", finding.message, finding.remedy)


def _positive(traffic: Mapping[str, int] | None) -> Mapping[str, int] | None:
    return None if traffic is None else {name: share for name, share in traffic.items() if share > 0}
