"""The package schema of this plugin."""

from collections.abc import Mapping

from azml.azure.settings import SETTING_NAMES

_SHARES = {"type": "object", "additionalProperties": {"type": "integer"}}
_TRAFFIC = {
    "endpointId": {"type": "string", "description": "ARM id of the online endpoint."},
    "traffic": {
        **_SHARES,
        "description": "Percent of the requests by deployment: 100 in sum, or 0. Left alone where not given.",
    },
    "mirrorTraffic": {
        **_SHARES,
        "description": "Percent of the requests copied to one idle deployment. Left alone where not given.",
    },
    "deployments": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The deployments the program declares; only they may have a share.",
    },
    "endpointDigest": {
        "type": "string",
        "description": "Changes with every write of the endpoint, after which the shares are asserted again.",
    },
}
_SLOTS = {
    "endpointId": _TRAFFIC["endpointId"],
    "serves": {
        "type": "object",
        "additionalProperties": {"$ref": "pulumi.json#/Any"},
        "description": "By slot: `digest` of what it predicts with, `files` by path (JSON), `instanceType`.",
    },
    "allow": {"type": "boolean", "description": "Let a live slot change under its users."},
    "told": {"type": "boolean", "description": "The program has refused the change; say what differs."},
}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_PURGE = {
    "workspaceId": {"type": "string", "description": "ARM id of the workspace."},
    "vaultName": {"type": "string", "description": "The key vault's name, if the stack gives it one."},
    "vaultPrefix": {"type": "string", "description": "Else what its name begins with."},
    "leftovers": {
        "type": "string",
        "description": "Until when deleted ones hold the names: they are purged.",
    },
}
STANDING = "azml:index:standing"
_UPLOAD = {
    "accountId": {"type": "string", "description": "ARM id of the storage account."},
    "container": {"type": "string", "description": "The blob container."},
    "digest": {"type": "string", "description": "Stands for everything the bundle holds."},
    "folder": {"type": "string", "description": "Where the files go in the container; ends with the digest."},
    "files": {
        "type": "string",
        "description": "JSON: by path in the folder, each file's sha256 (hex).",
    },
    "roleGranted": {
        "type": "boolean",
        "description": "The stack gives the acting identity its role, so a refusal at first is waited out.",
    },
}
_GRANT = {
    "scope": {"type": "string", "description": "ARM id of the resource the role is given at."},
    "role": {"type": "string", "description": "Name of a built-in data role of storage accounts."},
    "principalId": {"type": "string", "description": "Object id of who gets it."},
    "principalType": {"type": "string", "description": "User, Group or ServicePrincipal; Azure finds out."},
}
_OUTPUTS: Mapping[str, Mapping[str, object]] = {
    "azml:index:BundleUpload": {"url": {"type": "string", "description": "The folder's address."}},
    "azml:index:RoleGrant": {"assignments": {**_TEXTS, "description": "Names of assignments by principal."}},
}
SOURCES = "azml:index:bundleSources"
_SOURCES = {
    "description": "Tells for this run alone where the files of a bundle lie; none of it enters the state.",
    "inputs": {"properties": {"folder": _UPLOAD["folder"], "files": _TEXTS}, "required": ["folder", "files"]},
    "outputs": {"properties": {"folder": _UPLOAD["folder"]}, "required": ["folder"]},
}
_IDS = {"type": "array", "items": {"type": "string"}}
_ANY = {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}}
_STANDING = {
    "description": "What is known of existing resources, which names are held, what is refused.",
    "inputs": {
        "properties": {
            "ids": {**_IDS, "description": "ARM ids of resources to tell of."},
            "versions": {**_IDS, "description": "ARM ids of versions of models, codes and environments."},
            "serves": {**_ANY, "description": "What the slots of endpoints are to serve, by endpoint."},
            "workspace": {"type": "string", "description": "ARM id of the workspace that is to be made."},
            "vault": {"type": "string", "description": "ARM id of the key vault that is to be made."},
        },
        "required": ["ids"],
    },
    "outputs": {
        "properties": {
            "found": {**_ANY, "description": "Those of the ids that exist, with what is known of them."},
            "registered": {**_IDS, "description": "Those of the versions that exist."},
            "held": {
                "type": "array",
                "items": {"$ref": "pulumi.json#/Any"},
                "description": "Which names deleted resources hold.",
            },
            "refused": {
                "type": "object",
                "additionalProperties": _IDS,
                "description": "By endpoint, why its live slots must not change.",
            },
        },
        "required": ["found", "registered", "held", "refused"],
    },
}


def schema(version: str) -> dict[str, object]:
    """The schema as Pulumi reads it (https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/)."""
    resources: Mapping[str, tuple[Mapping[str, object], list[str]]] = {
        "azml:index:EndpointTraffic": (_TRAFFIC, ["endpointId"]),
        "azml:index:LiveSlots": (_SLOTS, ["endpointId", "serves"]),
        "azml:index:PurgeOnDelete": (_PURGE, ["workspaceId"]),
        "azml:index:BundleUpload": (_UPLOAD, ["accountId", "container", "digest", "folder", "files"]),
        "azml:index:RoleGrant": (_GRANT, ["scope", "role", "principalId"]),
    }
    return {
        "name": "azml",
        "version": version,
        "description": "Traffic of Azure ML online endpoints, a guard over live deployments, uploads, roles.",
        "config": {},
        "provider": {"inputProperties": {key: {"type": "string"} for key in SETTING_NAMES}},
        "functions": {
            STANDING: _STANDING,
            SOURCES: _SOURCES,
        },
        "resources": {
            token: {
                "properties": {**fields, **_OUTPUTS.get(token, {})},
                "inputProperties": fields,
                "requiredInputs": required,
            }
            for token, (fields, required) in resources.items()
        },
    }
