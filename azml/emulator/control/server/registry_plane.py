"""Registries as azure-ai-ml reaches them: found by name, then at an address of their own.

The addresses and bodies are those of azure-ai-ml 1.35.2, `_utils/_registry_utils.py`, and of
RegistryDataReferences in the description 2025-12-01.
"""

import json
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.base.identity import SUBSCRIPTION, TENANT, Identity, is_valid
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.errors import ArmError, bad_request, conflict, not_found
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.http.management import Management
from azml.emulator.control.machinelearning.asset_registries import (
    REGISTRY,
    find_registry,
    find_registry_asset,
    regions_of,
    registry_asset_id,
)
from azml.emulator.control.machinelearning.assets import blob_reference
from azml.emulator.control.machinelearning.registry_assets import UPLOADS
from azml.emulator.control.machinelearning.registry_files import new_container_name, place_in
from azml.emulator.control.storage.accounts import ensure_container

DISCOVERY = "/registrymanagement/v1.0/registries/"
FRONTEND = "/mferp/managementfrontend"
_AUDIENCES = ("https://ml.azure.com", "https://management.azure.com")
_VERSION = re.compile(r".*/registries/[^/]+/[^/]+/[^/]+/versions/[^/]+", re.IGNORECASE)
_TYPE = "TemporaryBlobReference"


class RegistryPlane:
    """Finds registries, passes requests on to Azure Resource Manager's rules, and gives access to files."""

    def __init__(self, addresses: Addresses, identity: Identity, store: ResourceStore) -> None:
        self.addresses = addresses
        self.identity = identity
        self.store = store

    def discovery(self, request: Request) -> Response:
        """Where the registry with a name is. Raises ArmError."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not any(is_valid(token, self.identity.key_for(audience)) for audience in _AUDIENCES):
            raise ArmError(401, "InvalidAuthenticationToken", "The access token is invalid or has ended.")
        name = request.scope["path"].removeprefix(DISCOVERY).partition("/")[0]
        found = find_registry(name, self.store)
        if found is None:
            raise not_found(f"There is no registry '{name}'.", "RegistryNotFound")
        return JSONResponse(
            {
                "registryName": found.id.name,
                "tenantId": TENANT,
                "primaryRegion": found.location,
                "regions": regions_of(found),
                "subscriptionId": SUBSCRIPTION,
                "resourceGroup": found.id.part("resourceGroups"),
                "workspaceName": "",
                "primaryRegionResourceProviderUri": f"{self.addresses.arm}/",
            }
        )

    async def answer(self, request: Request, management: Management) -> Response:
        """The answer at the registry's own address, where versions have ids as deployments name them."""
        request.scope["path"] = request.scope["path"].removeprefix(FRONTEND)
        answer = await management.answer(request)
        if answer.status_code >= 300 or not answer.body:
            return answer
        headers = {key: value for key, value in answer.headers.items() if key.lower() != "content-length"}
        return JSONResponse(_renamed(json.loads(bytes(answer.body))), answer.status_code, headers)

    def pages(self, store: ResourceStore) -> list[Page]:
        """The pages that give access to the files of a version."""
        return [
            Page("PUT", "{id}/tempdatarefs/{name}/versions/{version}", self._place_for_files),
            Page("POST", "{id}/datarefs/{name}/versions/{version}", self._access_to_files),
            Page("POST", "{id}/datareferences/{name}/versions/{version}", self._access_to_files),
        ]

    async def _place_for_files(self, question: Question) -> Answer:
        asset_id, account = self._asked(question), self._account(question)
        if find_registry_asset(asset_id, self.store):
            raise conflict(f"Asset {asset_id} exists already.", "Conflict")
        container = ensure_container(account.id, new_container_name(), self.store)
        given = blob_reference(container, account, UPLOADS, self.addresses)
        return Answer(200, {"temporaryDataReferenceType": _TYPE, "blobReferenceForConsumption": given})

    async def _access_to_files(self, question: Question) -> Answer:
        asset_id, account = self._asked(question), self._account(question)
        uri = question.body.get("blobUri")
        if find_registry_asset(asset_id, self.store) is None:
            raise not_found(f"There is no asset '{asset_id}'.", "AssetNotFound")
        place = place_in(account, str(uri), self.store)
        if place is None:
            raise bad_request(f"'{uri}' is not in the storage of the registry.", "ValidationError")
        container = self.store.get(place.container)
        return Answer(
            200, {"blobReferenceForConsumption": blob_reference(container, account, "rl", self.addresses)}
        )

    def _asked(self, question: Question) -> str:
        asset_id, parts = str(question.body.get("assetId")), question.parts
        if not asset_id.lower().endswith(f"/{parts['name']}/versions/{parts['version']}".lower()):
            raise bad_request(f"assetId '{asset_id}' does not name the version of the address.", "UserError")
        return asset_id

    def _account(self, question: Question) -> Record:
        registry = self.store.get(resource_id(question.parts["id"]).text)
        if registry.id.kind != REGISTRY.lower():
            raise not_found(f"'{registry.id.name}' is not a registry.")
        return self.store.get(str(registry.hidden["account"]))


def _renamed(body: Json) -> Json:
    """An answer, or a list of them, with the ids of versions in the form `azureml://registries/...`."""
    if isinstance(body.get("value"), list):
        body = {**body, "value": [_renamed(one) for one in body["value"]]}
    if _VERSION.fullmatch(str(body.get("id", ""))):
        return {**body, "id": registry_asset_id(resource_id(body["id"]))}
    return body
