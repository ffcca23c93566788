"""The azure-native resource types that the project uses: one row each.

Paths and API versions are those of azure-native 3.29.0. In a path `{name}` is the input of that name; the
last one may be left to autonaming unless the row says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_PROVIDERS = f"{_GROUP}/providers"
_WORKSPACE = f"{_PROVIDERS}/Microsoft.MachineLearningServices/workspaces/{{workspaceName}}"

# The members of a tracked ARM resource beside its `properties`.
_TRACKED = frozenset(
    {
        "id",
        "name",
        "type",
        "location",
        "tags",
        "sku",
        "kind",
        "identity",
        "etag",
        "eTag",
        "systemData",
        "zones",
    }
)
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Row:
    """One resource type.

    `flattened`: the SDK has the content of ARM's `properties` at the top level, and the keys in `outside`
    stay where they are; otherwise `properties` is an argument in the SDK too.
    `renamed`: SDK name -> ARM name inside `properties`. `flat`: nested object types that are flattened the
    same way, with the keys that stay outside. `fixed`: inputs that cannot change in place, besides the path
    and the location. `query`: inputs that go into the URL of a write instead of its body.
    """

    token: str
    path: str
    api_version: str
    flattened: bool = True
    outside: frozenset[str] = _TRACKED
    renamed: Mapping[str, str] = field(default_factory=lambda: _NONE)
    flat: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    fixed: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    uuid_name: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The inputs in the path, in order, without the subscription."""
        pieces = (piece.partition("}")[0] for piece in self.path.split("{")[1:])
        return tuple(piece for piece in pieces if piece != "subscriptionId")

    @property
    def name_parameter(self) -> str:
        """The input that names the resource."""
        return self.parameters[-1]


def _ml(name: str, tail: str, *, query: frozenset[str] = frozenset()) -> Row:
    return Row(
        f"azure-native:machinelearningservices:{name}",
        f"{_WORKSPACE}{tail}",
        "2025-12-01",
        flattened=False,
        query=query,
    )


# A part of a network resource has its own id, name and type beside `properties`.
_PART = frozenset({"id", "name", "type", "etag"})
# The parts of network resources that carry `properties` of their own (Microsoft.Network 2024-05-01).
_NETWORK_PARTS = MappingProxyType(
    {
        "network:Subnet": _PART,
        "network:VirtualNetworkPeering": _PART,
        "network:PrivateLinkServiceConnection": _PART,
        "network:PrivateEndpointIPConfiguration": _PART,
        "network:Delegation": _PART,
        "network:ServiceEndpointPolicyDefinition": _PART,
        "network:SecurityRule": _PART,
        "network:Route": _PART,
        "network:NetworkSecurityGroup": _PART | {"location", "tags"},
        "network:RouteTable": _PART | {"location", "tags"},
        "network:ServiceEndpointPolicy": _PART | {"location", "tags", "kind"},
        "network:ApplicationSecurityGroup": _PART | {"location", "tags"},
        "network:ApplicationGatewayIPConfiguration": _PART,
        "network:ResourceNavigationLink": _PART,
        "network:ServiceAssociationLink": _PART,
    }
)

_COMPONENT_NAMES = MappingProxyType(
    {
        "applicationType": "Application_Type",
        "flowType": "Flow_Type",
        "requestSource": "Request_Source",
        "hockeyAppId": "HockeyAppId",
        "hockeyAppToken": "HockeyAppToken",
        "samplingPercentage": "SamplingPercentage",
        "retentionInDays": "RetentionInDays",
        "disableIpMasking": "DisableIpMasking",
        "disableLocalAuth": "DisableLocalAuth",
        "immediatePurgeDataOn30Days": "ImmediatePurgeDataOn30Days",
        "ingestionMode": "IngestionMode",
        "workspaceResourceId": "WorkspaceResourceId",
        "forceCustomerStorageForProfiler": "ForceCustomerStorageForProfiler",
        "applicationId": "ApplicationId",
        "appId": "AppId",
        "connectionString": "ConnectionString",
        "creationDate": "CreationDate",
        "instrumentationKey": "InstrumentationKey",
        "laMigrationDate": "LaMigrationDate",
        "privateLinkScopedResources": "PrivateLinkScopedResources",
        "tenantId": "TenantId",
    }
)

ROWS: tuple[Row, ...] = (
    Row(
        "azure-native:resources:ResourceGroup",
        _GROUP,
        "2024-03-01",
        outside=_TRACKED | {"managedBy"},
    ),
    Row(
        "azure-native:machinelearningservices:Workspace",
        _WORKSPACE,
        "2025-12-01",
        flat=MappingProxyType({"machinelearningservices:SharedPrivateLinkResource": frozenset({"name"})}),
    ),
    _ml("OnlineEndpoint", "/onlineEndpoints/{endpointName}"),
    _ml("OnlineDeployment", "/onlineEndpoints/{endpointName}/deployments/{deploymentName}"),
    _ml("ModelContainer", "/models/{name}"),
    _ml("ModelVersion", "/models/{name}/versions/{version}"),
    _ml("CodeContainer", "/codes/{name}"),
    _ml("CodeVersion", "/codes/{name}/versions/{version}"),
    _ml("EnvironmentContainer", "/environments/{name}"),
    _ml("EnvironmentVersion", "/environments/{name}/versions/{version}"),
    _ml("Datastore", "/datastores/{name}", query=frozenset({"skipValidation"})),
    _ml("Compute", "/computes/{computeName}"),
    _ml("ServerlessEndpoint", "/serverlessEndpoints/{name}"),
    _ml("BatchEndpoint", "/batchEndpoints/{endpointName}"),
    Row(
        "azure-native:machinelearningservices:Registry",
        f"{_PROVIDERS}/Microsoft.MachineLearningServices/registries/{{registryName}}",
        "2025-12-01",
    ),
    Row(
        "azure-native:storage:StorageAccount",
        f"{_PROVIDERS}/Microsoft.Storage/storageAccounts/{{accountName}}",
        "2024-01-01",
        outside=_TRACKED | {"extendedLocation"},
        renamed=MappingProxyType(
            {
                "networkRuleSet": "networkAcls",
                "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
                "enableNfsV3": "isNfsV3Enabled",
            }
        ),
    ),
    Row(
        "azure-native:storage:BlobContainer",
        f"{_PROVIDERS}/Microsoft.Storage/storageAccounts/{{accountName}}"
        "/blobServices/default/containers/{containerName}",
        "2024-01-01",
    ),
    Row(
        "azure-native:storage:Blob",
        f"{_PROVIDERS}/Microsoft.Storage/storageAccounts/{{accountName}}"
        "/blobServices/default/containers/{containerName}/blobs/{blobName}",
        "2024-01-01",
        fixed=frozenset({"contentMd5", "source", "type"}),
    ),
    Row(
        "azure-native:keyvault:Vault",
        f"{_PROVIDERS}/Microsoft.KeyVault/vaults/{{vaultName}}",
        "2024-11-01",
        flattened=False,
    ),
    Row(
        "azure-native:keyvault:Key",
        f"{_PROVIDERS}/Microsoft.KeyVault/vaults/{{vaultName}}/keys/{{keyName}}",
        "2024-11-01",
        # An argument of its own in the SDK, whose outputs are flattened all the same.
        outside=_TRACKED | {"properties"},
        fixed=frozenset({"properties"}),
    ),
    Row(
        "azure-native:containerregistry:Registry",
        f"{_PROVIDERS}/Microsoft.ContainerRegistry/registries/{{registryName}}",
        "2023-01-01-preview",
    ),
    Row(
        "azure-native:operationalinsights:Workspace",
        f"{_PROVIDERS}/Microsoft.OperationalInsights/workspaces/{{workspaceName}}",
        "2023-09-01",
        outside=_TRACKED - {"sku"},
    ),
    Row(
        "azure-native:applicationinsights:Component",
        f"{_PROVIDERS}/Microsoft.Insights/components/{{resourceName}}",
        "2020-02-02",
        renamed=_COMPONENT_NAMES,
    ),
    Row(
        "azure-native:applicationinsights:Workbook",
        f"{_PROVIDERS}/Microsoft.Insights/workbooks/{{resourceName}}",
        "2023-06-01",
        uuid_name=True,
    ),
    Row(
        "azure-native:authorization:RoleAssignment",
        "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
        "2022-04-01",
        fixed=frozenset({"principalId", "principalType", "roleDefinitionId"}),
        uuid_name=True,
    ),
    Row(
        "azure-native:managedidentity:UserAssignedIdentity",
        f"{_PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}",
        "2023-01-31",
    ),
    Row(
        "azure-native:monitor:AutoscaleSetting",
        f"{_PROVIDERS}/Microsoft.Insights/autoscalesettings/{{autoscaleSettingName}}",
        "2021-05-01-preview",
        outside=_TRACKED - {"name"},
    ),
    Row(
        "azure-native:monitor:MetricAlert",
        f"{_PROVIDERS}/Microsoft.Insights/metricAlerts/{{ruleName}}",
        "2018-03-01",
    ),
    Row(
        "azure-native:monitor:DiagnosticSetting",
        "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
        "2021-05-01-preview",
    ),
    Row(
        "azure-native:monitor:ActionGroup",
        f"{_PROVIDERS}/Microsoft.Insights/actionGroups/{{actionGroupName}}",
        "2024-10-01-preview",
    ),
    Row(
        "azure-native:network:PrivateEndpoint",
        f"{_PROVIDERS}/Microsoft.Network/privateEndpoints/{{privateEndpointName}}",
        "2024-05-01",
        outside=_TRACKED | {"extendedLocation"},
        flat=_NETWORK_PARTS,
    ),
    Row(
        "azure-native:network:VirtualNetwork",
        f"{_PROVIDERS}/Microsoft.Network/virtualNetworks/{{virtualNetworkName}}",
        "2024-05-01",
        outside=_TRACKED | {"extendedLocation"},
        flat=_NETWORK_PARTS,
    ),
    Row(
        "azure-native:network:PrivateDnsZoneGroup",
        f"{_PROVIDERS}/Microsoft.Network/privateEndpoints/{{privateEndpointName}}"
        "/privateDnsZoneGroups/{privateDnsZoneGroupName}",
        "2024-05-01",
        outside=_PART,
        flat=MappingProxyType({"network:PrivateDnsZoneConfig": frozenset({"name"})}),
    ),
    Row(
        "azure-native:privatedns:PrivateZone",
        f"{_PROVIDERS}/Microsoft.Network/privateDnsZones/{{privateZoneName}}",
        "2024-06-01",
    ),
    Row(
        "azure-native:privatedns:VirtualNetworkLink",
        f"{_PROVIDERS}/Microsoft.Network/privateDnsZones/{{privateZoneName}}"
        "/virtualNetworkLinks/{virtualNetworkLinkName}",
        "2024-06-01",
    ),
)

BY_TOKEN: Mapping[str, Row] = MappingProxyType({row.token: row for row in ROWS})
