"""Members and values that only other versions of the machine learning API know.

The newest client describes one version. Clients in use send others (azure-ai-ml up to 1.34 asks for
2022-02-01-preview to 2025-01-01-preview), so what those versions know is taken too. The members are those of
the clients that azure-ai-ml 1.34 carries for each version; a test of that release looks them up there.
"""

from scripts.published.shapes import Models

ANY, TEXT, FLAG, NUMBER = "any", "string", "boolean", "integer"
_ASSET = {"autoDeleteSetting": ANY}
_LICENSED = {"intellectualProperty": ANY}
MEMBERS: dict[str, dict[str, str]] = {
    # 2022-01-01-preview to 2024-10-01-preview
    "WorkspaceProperties": {
        "agentsEndpointUri": TEXT,
        "allowRecoverSoftDeletedWorkspace": FLAG,
        "allowRoleAssignmentOnRG": FLAG,
        "containerRegistries": "[]string",
        "enableSimplifiedCmk": FLAG,
        "enableSoftwareBillOfMaterials": FLAG,
        "existingWorkspaces": "[]string",
        "ipAllowlist": "[]string",
        "keyVaults": "[]string",
        "networkAcls": ANY,
        "scheduledPurgeDate": TEXT,
        "softDeleteEnabled": FLAG,
        "softDeleteRetentionInDays": NUMBER,
        "softDeletedAt": TEXT,
        "storageAccounts": "[]string",
    },
    "WorkspacePropertiesUpdateParameters": {
        "allowRoleAssignmentOnRG": FLAG,
        "enableSoftwareBillOfMaterials": FLAG,
        "ipAllowlist": "[]string",
        "networkAcls": ANY,
        "softDeleteRetentionInDays": NUMBER,
    },
    "FeatureStoreSettings": {"allowRoleAssignmentsOnResourceGroupLevel": FLAG},
    "ManagedNetworkSettings": {"changeableIsolationModes": "[]string"},
    # 2022-10-01-preview, 2023-04-01-preview
    "RegistryProperties": {
        "description": TEXT,
        "managedResourceGroupTags": "{}string",
        "privateLinkCount": NUMBER,
        "properties": "{}string",
        "tags": "{}string",
    },
    # 2023-04-01-preview
    "CodeVersionProperties": _ASSET,
    "DataVersionBaseProperties": {**_ASSET, **_LICENSED, "stage": TEXT},
    "MLTableData": {**_ASSET, **_LICENSED, "stage": TEXT},
    "UriFileDataVersion": {**_ASSET, **_LICENSED, "stage": TEXT},
    "UriFolderDataVersion": {**_ASSET, **_LICENSED, "stage": TEXT},
    "ModelVersionProperties": {**_ASSET, **_LICENSED},
    # 2023-04-01-preview, 2024-10-01-preview
    "EnvironmentVersionProperties": {**_ASSET, **_LICENSED, "imageDetails": ANY},
    "DatastoreProperties": _LICENSED,
    "AzureBlobDatastore": _LICENSED,
    "AzureDataLakeGen1Datastore": _LICENSED,
    "AzureDataLakeGen2Datastore": _LICENSED,
    "AzureFileDatastore": _LICENSED,
    "OneLakeDatastore": _LICENSED,
    # 2022-02-01-preview
    "OnlineDeploymentProperties": {"privateNetworkConnection": FLAG},
    "ManagedOnlineDeployment": {"privateNetworkConnection": FLAG},
    "KubernetesOnlineDeployment": {"privateNetworkConnection": FLAG},
    # 2023-08-01-preview, 2024-10-01-preview
    "ServerlessEndpointProperties": {"capacityReservation": ANY, "offer": ANY},
    "ContentSafety": {"contentSafetyLevel": TEXT},
}
VALUES = {
    "ContainerType": ["ModelDataCollector"],
    "ComputeRecurrenceFrequency": ["NotSpecified", "Second", "Year"],
}


REQUIRED = {
    # Microsoft's description of 2020-02-02 requires it; the client, which fills in `web`, does not say so.
    "ApplicationInsightsComponent": "properties",
    "ApplicationInsightsComponent.properties": "Application_Type",
}


def require(models: Models) -> None:
    """Mark what a description requires and its client does not."""
    for name, member in REQUIRED.items():
        if name in models.shapes:
            models.shapes[name].required.add(member)


def add(models: Models) -> None:
    """Add them to the newest client's models. Raises KeyError for a model that is no longer there."""
    for name, members in MEMBERS.items():
        for member, spec in members.items():
            models.shapes[name].members.setdefault(member, spec)
    for name, values in VALUES.items():
        models.enums[name] += [value for value in values if value not in models.enums[name]]
