"""Azure's built-in roles, by name.

The ids are the same in every tenant (learn.microsoft.com, "Azure built-in roles").
"""

from azml.azure.container import BLOB_CONTRIBUTOR

BLOB_READER = "Storage Blob Data Reader"
FILE_CONTRIBUTOR = "Storage File Data Privileged Contributor"
ROLES = {
    BLOB_CONTRIBUTOR: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    BLOB_READER: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    FILE_CONTRIBUTOR: "69566ab7-960f-475b-8e7c-b3118f30c6bd",
}
