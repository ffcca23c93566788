"""Azure's built-in roles by name, and which of them the identities of a workspace and its endpoints need.

The ids are the same in every tenant (learn.microsoft.com, "Azure built-in roles").
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

READER = "Reader"
REGISTRY_USER = "AzureML Registry User"
CONTRIBUTOR = "Contributor"
BLOB_CONTRIBUTOR = "Storage Blob Data Contributor"
BLOB_READER = "Storage Blob Data Reader"
FILE_CONTRIBUTOR = "Storage File Data Privileged Contributor"
IMAGE_PULLER = "AcrPull"
VAULT_ADMINISTRATOR = "Key Vault Administrator"
KEY_USER = "Key Vault Crypto Service Encryption User"
DATA_SCIENTIST = "AzureML Data Scientist"
METRICS_WRITER = "AzureML Metrics Writer (preview)"
SECRETS_READER = "Azure Machine Learning Workspace Connection Secrets Reader"
ROLES: Mapping[str, str] = MappingProxyType(
    {
        READER: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        CONTRIBUTOR: "b24988ac-6180-42a0-ab88-20f7382dd24c",
        BLOB_CONTRIBUTOR: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        BLOB_READER: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        FILE_CONTRIBUTOR: "69566ab7-960f-475b-8e7c-b3118f30c6bd",
        IMAGE_PULLER: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        VAULT_ADMINISTRATOR: "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        KEY_USER: "e147488a-f6f5-4113-8e2d-b22465e65bf6",
        "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
        DATA_SCIENTIST: "f6c7c914-8db3-469d-8ca1-694a8f32e121",
        METRICS_WRITER: "635dd51f-9968-44d3-b7fb-6d9a6bd613ae",
        SECRETS_READER: "ea01e6af-a1c1-4350-9563-ad00f8c72ec5",
        REGISTRY_USER: "1823dd4f-9b8c-4ab6-ab4e-7397a3684615",
        "Cognitive Services OpenAI User": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
    }
)

Scope = Literal["storageAccount", "keyVault", "containerRegistry", "applicationInsights", "workspace"]
"""A resource of the stack, by its key in the settings."""
Need = tuple[str, Scope]
"""A role, and the resource at which an identity needs it."""


def workspace_needs(*, registry: bool, shared_keys: bool) -> list[Need]:
    """What a user-assigned identity of a workspace needs before the workspace is created.

    learn.microsoft.com, "Set up authentication between Azure Machine Learning and other services", has the
    table of roles; "Disable shared key access for your workspace's storage account" adds the one for files.
    Azure gives a system-assigned identity its roles by itself.
    """
    needs: list[Need] = [
        (CONTRIBUTOR, "storageAccount"),
        (BLOB_CONTRIBUTOR, "storageAccount"),
        (CONTRIBUTOR, "keyVault"),
        (VAULT_ADMINISTRATOR, "keyVault"),
        (CONTRIBUTOR, "applicationInsights"),
    ]
    if not shared_keys:
        needs.append((FILE_CONTRIBUTOR, "storageAccount"))
    if registry:
        needs.append((CONTRIBUTOR, "containerRegistry"))
    return needs


def endpoint_needs(*, writes: bool, secrets: bool) -> list[Need]:
    """What a user-assigned identity of an endpoint needs before its first deployment.

    learn.microsoft.com, "Authentication and authorization for online endpoints": images, models and code,
    metrics, and with `secrets` those of the workspace's connections. With `writes` it also stores collected
    data. Azure gives a system-assigned identity these roles by itself.
    """
    needs: list[Need] = [
        (IMAGE_PULLER, "containerRegistry"),
        (BLOB_CONTRIBUTOR if writes else BLOB_READER, "storageAccount"),
        (METRICS_WRITER, "workspace"),
    ]
    if secrets:
        needs.append((SECRETS_READER, "workspace"))
    return needs
