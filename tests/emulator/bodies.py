"""The least that Azure takes for a resource of each type."""

from typing import Any

Json = dict[str, Any]
PLACED: Json = {"location": "westeurope"}
STORAGE: Json = {**PLACED, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
TENANT = "00000000-0000-0000-0000-000000000001"
VAULT: Json = {**PLACED, "properties": {"sku": {"family": "A", "name": "standard"}, "tenantId": TENANT}}
COMPONENT: Json = {**PLACED, "kind": "web", "properties": {"Application_Type": "web"}}
REGISTRY: Json = {**PLACED, "sku": {"name": "Basic"}}
METRIC_ALERT: Json = {
    "location": "global",
    "properties": {
        "severity": 2,
        "enabled": True,
        "scopes": [],
        "evaluationFrequency": "PT1M",
        "windowSize": "PT5M",
        "criteria": {
            "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            "allOf": [],
        },
    },
}
AUTOSCALE: Json = {**PLACED, "properties": {"profiles": []}}
ACTION_GROUP: Json = {"location": "Global", "properties": {"groupShortName": "us", "enabled": True}}
WORKBOOK: Json = {
    **PLACED,
    "kind": "shared",
    "properties": {"displayName": "w", "category": "workbook", "serializedData": "{}"},
}
DATASTORE: Json = {"properties": {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "None"}}}
