"""The files of a deployment, in folders."""

from dataclasses import dataclass
from pathlib import Path

from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.materialise import Materialiser, find_place


@dataclass(frozen=True)
class DeploymentFiles:
    """The folders of a deployment's model and code; None if it has none."""

    model: Path | None
    code: Path | None


def file_sources(record: Record) -> Json:
    """The versions that a deployment's files come from; a version cannot change."""
    code = section(record.properties, "codeConfiguration")
    return {"model": record.properties.get("model"), "code": code.get("codeId")}


async def lay_out(
    model: Record | None, code: Record | None, store: ResourceStore, materialiser: Materialiser
) -> DeploymentFiles:
    """Put the files of these versions into folders. Raises ArmError when they are gone."""
    return DeploymentFiles(
        await _model_folder(model, store, materialiser) if model else None,
        await _code_folder(code, store, materialiser) if code else None,
    )


async def _model_folder(model: Record, store: ResourceStore, materialiser: Materialiser) -> Path:
    place = find_place(str(model.properties["modelUri"]), _workspace(model), store)
    return await materialiser.model(place, resource_id(model.id.parent).name, model.id.name)


async def _code_folder(code: Record, store: ResourceStore, materialiser: Materialiser) -> Path:
    return await materialiser.code(find_place(str(code.properties["codeUri"]), _workspace(code), store))


def _workspace(version: Record) -> str:
    return resource_id(resource_id(version.id.parent).parent).text
