"""The files of a deployment, laid out in folders."""

from pathlib import Path

from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.deployment_assets import find_asset
from azml.emulator.control.machinelearning.materialise import Materialiser, find_place


def file_sources(record: Record) -> Json:
    """The versions whose files a deployment is laid out from; a version cannot change."""
    code = section(record.properties, "codeConfiguration")
    return {"model": record.properties.get("model"), "code": code.get("codeId")}


async def lay_out(
    assets: Json, store: ResourceStore, materialiser: Materialiser
) -> tuple[Path | None, Path | None]:
    """The model's folder and the code's, laid out. Raises ArmError when a version or its files are gone."""
    model = find_asset(assets["model"], "models", store)
    code = find_asset(assets["code"], "codes", store)
    return (
        await _model_folder(model, store, materialiser),
        await _code_folder(code, store, materialiser),
    )


async def _model_folder(
    model: Record | None, store: ResourceStore, materialiser: Materialiser
) -> Path | None:
    if model is None:
        return None
    place = find_place(str(model.properties["modelUri"]), _workspace(model), store)
    return await materialiser.model(place, resource_id(model.id.parent).name, model.id.name)


async def _code_folder(code: Record | None, store: ResourceStore, materialiser: Materialiser) -> Path | None:
    if code is None:
        return None
    return await materialiser.code(find_place(str(code.properties["codeUri"]), _workspace(code), store))


def _workspace(version: Record) -> str:
    return resource_id(resource_id(version.id.parent).parent).text
