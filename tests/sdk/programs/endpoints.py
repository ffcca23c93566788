"""Endpoints: from Python, from a file, changed, listed, with each way to prove who asks."""

from typing import Any

from azure.ai.ml import MLClient, load_online_endpoint
from azure.ai.ml.entities import ManagedOnlineEndpoint
from azure.core.exceptions import HttpResponseError


def run(client: MLClient) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    plain = ManagedOnlineEndpoint(name="plain", auth_mode="key", description="first", tags={"a": "1"})
    made = client.online_endpoints.begin_create_or_update(plain).result()
    seen["made"] = [
        made.provisioning_state,
        made.auth_mode,
        made.location,
        "/".join(made.scoring_uri.split("/")[3:]),
        made.traffic,
    ]
    client.online_endpoints.begin_create_or_update(load_online_endpoint("endpoint.yml")).result()
    signed = ManagedOnlineEndpoint(name="signed", auth_mode="aad_token")
    client.begin_create_or_update(signed).result()
    made.tags = {"a": "2"}
    changed = client.online_endpoints.begin_create_or_update(made).result()
    seen["changed"] = [changed.description, changed.tags]
    seen["listed"] = sorted(found.name for found in client.online_endpoints.list())
    seen["from yaml"] = [
        getattr(client.online_endpoints.get("from-yaml"), name)
        for name in ("description", "auth_mode", "tags")
    ]
    seen["identity"] = bool(made.identity and made.identity.principal_id)
    before = client.online_endpoints.get_keys("plain")
    for key in ("primary", "secondary"):
        client.online_endpoints.begin_regenerate_keys("plain", key_type=key).result()
    after = client.online_endpoints.get_keys("plain")
    seen["rotated"] = [
        before.primary_key != after.primary_key,
        before.secondary_key != after.secondary_key,
    ]
    token = client.online_endpoints.get_keys("from-yaml")
    seen["token"] = [bool(token.access_token), token.expiry_time_utc > token.refresh_after_time_utc > 0]
    made.auth_mode = "aml_token"
    try:
        client.online_endpoints.begin_create_or_update(made).result()
    except HttpResponseError as refused:
        seen["another mode"] = [refused.status_code, refused.error.code]
    return seen
