"""The package schema of this plugin."""

from collections.abc import Mapping

from azml.azure.settings import SETTING_NAMES

_SHARES = {"type": "object", "additionalProperties": {"type": "integer"}}
_TRAFFIC = {
    "endpointId": {"type": "string", "description": "ARM id of the online endpoint."},
    "traffic": {
        **_SHARES,
        "description": "Percent of the requests by deployment: 100 in sum, or 0. Unchanged if not given.",
    },
    "mirrorTraffic": {
        **_SHARES,
        "description": "Percent of the requests mirrored to one idle deployment. Unchanged if not given.",
    },
    "deployments": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The deployments the program declares; only they may have a share.",
    },
    "endpointDigest": {
        "type": "string",
        "description": "Changes with every write of the endpoint, after which the shares are set again.",
    },
}
_SLOTS = {
    "endpointId": _TRAFFIC["endpointId"],
    "serves": {
        "type": "object",
        "additionalProperties": {"$ref": "pulumi.json#/Any"},
        "description": "By slot: `digest` of what it serves, `files` by path (JSON), `instanceType`.",
    },
    "allow": {"type": "boolean", "description": "Allow a live slot to change."},
    "told": {"type": "boolean", "description": "The program has refused the change; report what differs."},
}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_PURGE = {
    "workspaceId": {"type": "string", "description": "ARM id of the workspace."},
    "vaultName": {"type": "string", "description": "The key vault's name, if the stack gives it one."},
    "vaultPrefix": {"type": "string", "description": "Otherwise, the prefix of its name."},
    "leftovers": {
        "type": "string",
        "description": "Until when deleted resources reserve the names; they are purged.",
    },
}
LIVE_STATE = "azml:index:liveState"
_UPLOAD = {
    "accountId": {"type": "string", "description": "ARM id of the storage account."},
    "container": {"type": "string", "description": "The blob container."},
    "digest": {"type": "string", "description": "Digest of the bundle's content."},
    "folder": {
        "type": "string",
        "description": "Folder of the files in the container; ends with the digest.",
    },
    "files": {
        "type": "string",
        "description": "JSON: the sha256 (hex) of each file, by path in the folder.",
    },
    "roleGranted": {
        "type": "boolean",
        "description": "The stack grants the acting identity its role, so an early refusal is retried.",
    },
}
_GRANT = {
    "scope": {"type": "string", "description": "ARM id of the resource at which the role is granted."},
    "role": {"type": "string", "description": "Name of a built-in role, or the GUID of a role definition."},
    "principalId": {"type": "string", "description": "Object id of the principal."},
    "principalType": {
        "type": "string",
        "description": "User, Group or ServicePrincipal; by default Azure looks it up.",
    },
}
_OUTPUTS: Mapping[str, Mapping[str, object]] = {
    "azml:index:BundleUpload": {"url": {"type": "string", "description": "The folder's address."}},
    "azml:index:RoleGrant": {"assignments": {**_TEXTS, "description": "Names of assignments by principal."}},
}
SOURCES = "azml:index:bundleSources"
_SOURCES = {
    "description": "Gives the paths of a bundle's files for this run only; the state does not have them.",
    "inputs": {"properties": {"folder": _UPLOAD["folder"], "files": _TEXTS}, "required": ["folder", "files"]},
    "outputs": {"properties": {"folder": _UPLOAD["folder"]}, "required": ["folder"]},
}
_IDS = {"type": "array", "items": {"type": "string"}}
_ANY = {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}}
_STANDING = {
    "description": "The existing resources, reserved names, and refused changes.",
    "inputs": {
        "properties": {
            "ids": {**_IDS, "description": "ARM ids of resources to read."},
            "versions": {**_IDS, "description": "ARM ids of versions of models, codes and environments."},
            "serves": {**_ANY, "description": "What the slots of endpoints should serve, by endpoint."},
            "workspace": {"type": "string", "description": "ARM id of the workspace to create."},
            "vault": {"type": "string", "description": "ARM id of the key vault to create."},
            "rollouts": {**_IDS, "description": "ARM ids of the endpoints with a plan."},
            "roles": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": {"type": "string"}},
                "description": "Roles to look for: `identity`, `role`, `scope`, and `through`, if it is a "
                "property of `scope` that names the resource meant.",
            },
        },
        "required": ["ids"],
    },
    "outputs": {
        "properties": {
            "found": {**_ANY, "description": "The ids that exist, with their state."},
            "registered": {**_IDS, "description": "The versions that exist."},
            "reserved": {
                "type": "array",
                "items": {"$ref": "pulumi.json#/Any"},
                "description": "Names that deleted resources reserve.",
            },
            "refused": {
                "type": "object",
                "additionalProperties": _IDS,
                "description": "By endpoint, the reasons why its live slots must not change.",
            },
            "rollouts": {**_TEXTS, "description": "By endpoint, how its unfinished rollout stands."},
            "lacking": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": {"type": "string"}},
                "description": "The roles that were not found; `at` is the resource that was meant.",
            },
        },
        "required": ["found", "registered", "reserved", "refused", "rollouts", "lacking"],
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
        "description": "Traffic of Azure ML online endpoints, a guard of live deployments, uploads, roles.",
        "config": {},
        "provider": {"inputProperties": {key: {"type": "string"} for key in SETTING_NAMES}},
        "functions": {
            LIVE_STATE: _STANDING,
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
