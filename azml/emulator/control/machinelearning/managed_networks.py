"""The managed network of a workspace: what may change, what Azure adds, and when it exists.

Sources: learn.microsoft.com, "Workspace managed virtual network isolation" (a mode is never loosened, the
required rules, provisioning); description of API 2025-12-01, ManagedNetworkSettings and provisionNetworkNow;
the change from V1 to V2 is one-way. That a deployment is refused before the network exists, where Azure would
create it first, is stricter than Azure.
"""

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.arm.types import Write

DISABLED, OPEN, APPROVED = "disabled", "allowinternetoutbound", "allowonlyapprovedoutbound"
_ORDER = (DISABLED, OPEN, APPROVED)
_TAGS = (
    "AzureActiveDirectory",
    "AzureMachineLearning",
    "BatchNodeManagement.{region}",
    "AzureResourceManager",
)


def check_managed_network(write: Write) -> None:
    """Raise ArmError 400 for a change that Azure does not undo, or a rule that its mode does not have."""
    wanted = section(write.properties, "managedNetwork")
    mode = _mode(wanted)
    before = section(write.existing.properties, "managedNetwork") if write.existing else {}
    if _ORDER.index(mode) < _ORDER.index(_mode(before)):
        message = f"The isolation mode cannot change from {before.get('isolationMode')} to {mode}."
        raise bad_request(message, "ValidationError")
    kinds = [str(network.get("managedNetworkKind", "")).upper() for network in (before, wanted)]
    if kinds == ["V2", "V1"]:
        raise bad_request("A managed network of kind V2 cannot become V1.", "ValidationError")
    for name, rule in _user_rules(wanted).items():
        if mode == DISABLED or (mode == OPEN and rule.get("type") != "PrivateEndpoint"):
            message = f"The outbound rule '{name}' of type {rule.get('type')} has no effect with {mode}."
            raise bad_request(message, "ValidationError")


def completed_network(write: Write, record: Record) -> Record:
    """The network as Azure shows it: with the rules that it requires, and active once it is provisioned.

    A write names the full set of user-defined rules: the others are removed.
    """
    wanted = section(record.properties, "managedNetwork")
    if _mode(wanted) == DISABLED:
        return record
    now = bool(record.properties.get("provisionNetworkNow")) or bool(record.hidden.get("networkActive"))
    own = {
        name: {**rule, "category": "UserDefined", "status": "Active" if now else "Inactive"}
        for name, rule in _user_rules(wanted).items()
    }
    required = _required(record.location, now) if _mode(wanted) == APPROVED else {}
    status = {"status": "Active" if now else "Inactive", "sparkReady": False}
    shown = {**wanted, "outboundRules": {**required, **own}, "status": status}
    return record.with_hidden(networkActive=now).with_properties(managedNetwork=shown)


def provisioned(record: Record) -> Record:
    """The workspace after its network was provisioned by an action."""
    wanted = section(record.properties, "managedNetwork")
    rules = {name: {**rule, "status": "Active"} for name, rule in section(wanted, "outboundRules").items()}
    shown = {**wanted, "outboundRules": rules, "status": {"status": "Active", "sparkReady": False}}
    return record.with_hidden(networkActive=True).with_properties(managedNetwork=shown)


def check_provisioned(workspace_id: str, store: ResourceStore) -> None:
    """Raise ArmError 400 when a deployment would need a network that does not exist yet."""
    workspace = store.get(workspace_id)
    if _mode(section(workspace.properties, "managedNetwork")) == DISABLED:
        return
    if not workspace.hidden.get("networkActive"):
        message = f"The managed network of '{workspace.id.name}' is not provisioned."
        raise bad_request(message, "ResourceNotReady")


def _mode(network: Json) -> str:
    return str(network.get("isolationMode") or DISABLED).lower().replace(" ", "")


def _user_rules(network: Json) -> Json:
    """The rules without those that Azure has added, which come back from whoever read them."""
    rules = section(network, "outboundRules")
    return {name: rule for name, rule in rules.items() if rule and rule.get("category") != "Required"}


def _required(region: str, active: bool) -> Json:
    status = "Active" if active else "Inactive"
    tags = [tag.format(region=region) for tag in _TAGS]
    return {
        f"__SYS_ST_{tag.replace('.', '_')}_TCP": {
            "type": "ServiceTag",
            "category": "Required",
            "status": status,
            "destination": {"serviceTag": tag, "protocol": "TCP", "portRanges": "443", "action": "Allow"},
        }
        for tag in tags
    }
