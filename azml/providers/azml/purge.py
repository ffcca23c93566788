"""`azml:index:PurgeOnDelete`: frees the names of a workspace and its vault once the stack is destroyed.

azure-native deletes both, but both keep their names reserved: a workspace for 14 days, a vault for up to 90.
They depend on this resource, so that its delete comes after theirs; it depends on the resource group, because
Azure purges nothing in a deleted group. What an interrupted destroy leaves, the next `up` purges.
"""

import re
from collections.abc import Iterator

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.engine_values import Properties, Unknown
from azml.findings import did_you_mean
from azml.providers import calls
from azml.providers.azml.reserved_names import VAULT_VERSION, deleted_vaults, subscription_of
from azml.providers.differences import differences
from azml.providers.engine_log import EngineLog

INPUTS = ("workspaceId", "vaultName", "vaultPrefix", "leftovers")


class PurgeOnDelete:
    """Purges what the stack has deleted. It has no counterpart in Azure."""

    def __init__(self, arm: Arm, log: EngineLog) -> None:
        self._arm = arm
        self._log = log

    def check(self, call: calls.Check) -> calls.Checked:
        """Require texts, and at most one way to identify the vault."""
        return calls.Checked(call.news, list(_malformed(call.news)))

    def diff(self, call: calls.Diff) -> calls.Changes:
        """A different workspace is a replacement: what the old one left must still be purged.

        When nothing is left over any more, that is no change.
        """
        found = differences(call.olds, call.news)
        if not call.news.get("leftovers"):
            found = {path: kind for path, kind in found.items() if path != "leftovers"}
        return calls.Changes(
            {path: kind.as_replacement if path == "workspaceId" else kind for path, kind in found.items()}
        )

    def create(self, call: calls.Create) -> calls.State:
        """Nothing to create; purge the deleted resources that reserve the names."""
        if call.inputs.get("leftovers") and not call.preview:
            self._free(call.urn, call.inputs)
        return calls.State("" if call.preview else str(call.inputs["workspaceId"]), call.inputs)

    def update(self, call: calls.Update) -> Properties:
        """Nothing to change; purge the deleted resources that reserve the names."""
        if call.news.get("leftovers") and not call.preview:
            self._free(call.urn, call.news)
        return call.news

    def read(self, call: calls.Read) -> calls.State:
        """Nothing in Azure can have drifted."""
        return calls.State(call.id, call.outputs, call.inputs)

    def delete(self, call: calls.Delete) -> None:
        """Purge the workspace and the vaults that the stack has deleted.

        What still exists is left alone: then the setting was removed, and the stack not destroyed.
        """
        if not self._exists(call.inputs):
            self._free(call.urn, call.inputs)

    def _exists(self, inputs: Properties) -> bool:
        return self._arm.get(str(inputs["workspaceId"]), API_VERSION) is not None

    def _free(self, urn: str, inputs: Properties) -> None:
        """Purge what is deleted. A purge of an existing workspace would delete it."""
        workspace = str(inputs["workspaceId"])
        if not self._exists(inputs):
            self._arm.delete(workspace, API_VERSION, {"forceToPurge": "true"})
            self._log.info(urn, f"purged the workspace {workspace.rpartition('/')[2]}: its name is free")
        try:
            for place in self._vaults(workspace, inputs):
                self._arm.post(f"{place}/purge", VAULT_VERSION)
                self._log.info(urn, f"purged the vault {place.rpartition('/')[2]}: its name is free")
        except AzureError as error:
            if error.status != 403:
                raise
            # It needs a right on the whole subscription, which a deployer into one group may not have.
            self._log.warning(urn, f"the key vault was not purged and keeps its name: {error}")

    def _vaults(self, workspace: str, inputs: Properties) -> Iterator[str]:
        """The paths of the stack's deleted vaults: by name, or by the pattern of azure-native's names."""
        group = workspace.partition("/providers/")[0]
        name, prefix = inputs.get("vaultName"), inputs.get("vaultPrefix")
        pattern = re.escape(str(name)) if name else f"{re.escape(str(prefix))}[0-9a-f]{{8}}"
        own = re.compile(rf"{re.escape(group)}/providers/Microsoft\.KeyVault/vaults/{pattern}", re.IGNORECASE)
        if not name and not prefix:
            return
        for item in deleted_vaults(self._arm, subscription_of(workspace)):
            properties = item["properties"]
            if own.fullmatch(str(properties.get("vaultId"))) and not properties.get("purgeProtectionEnabled"):
                yield str(item["id"])


def _malformed(inputs: Properties) -> Iterator[calls.Failure]:
    for key in inputs.keys() - set(INPUTS):
        yield calls.Failure(key, f"unknown property {key!r}: {did_you_mean(key, INPUTS)}")
    for key in INPUTS:
        value = inputs.get(key)
        if not isinstance(value, str | Unknown) and (value is not None or key == "workspaceId"):
            yield calls.Failure(key, f"{key} must be a text, not {value!r}")
    if inputs.get("vaultName") and inputs.get("vaultPrefix"):
        yield calls.Failure("vaultPrefix", "vaultPrefix is for a vault without a name of the stack's own")
