"""`azml:index:RoleGrant`: one role at one scope, for the identity that runs the stack or a managed identity.

azure-native's RoleAssignment is refused when the assignment exists already (RoleAssignmentExists), and would
be replaced each time another person or pipeline updates the stack, which takes the role away from the first.
Here an existing assignment is success, and a further principal is added to the earlier ones.
"""

import uuid
from collections.abc import Iterator, Mapping

from azml.azure.arm import Arm
from azml.azure.errors import AzureError
from azml.engine_values import UNKNOWN, Properties, Unknown
from azml.findings import did_you_mean
from azml.providers import calls
from azml.providers.azml.role_lookup import (
    API_VERSION,
    assignments_place,
    definition,
    held_definitions,
    is_known,
)
from azml.roles import ROLES

INPUTS = ("scope", "role", "principalId", "principalType")
PRINCIPAL_TYPES = ("User", "Group", "ServicePrincipal")
_FIXED = ("scope", "role")
_NAMESPACE = uuid.UUID("6b0a7a3e-6f0f-4e52-9d53-0c9f0f3d7c11")
FOUND = "found"
"""In `assignments`, instead of a name: somebody else granted the role, so we must not remove it."""


class RoleGrant:
    """Grants a role. The output `assignments` maps each principal to the name of its assignment."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def check(self, call: calls.Check) -> calls.Checked:
        """Require known inputs and a known role."""
        return calls.Checked(call.news, list(_malformed(call.news)))

    def diff(self, call: calls.Diff) -> calls.Changes:
        """A different scope or role is a replacement; a further principal is added unless it has the role."""
        paths = {key: calls.Kind.UPDATE_REPLACE for key in _FIXED if call.olds.get(key) != call.news.get(key)}
        principal = call.news.get("principalId")
        if not isinstance(principal, str) or principal not in _assignments(call.outputs):
            paths["principalId"] = calls.Kind.UPDATE
        return calls.Changes(paths)

    def create(self, call: calls.Create) -> calls.State:
        """Grant the role."""
        if call.preview:
            return calls.State("", {"assignments": UNKNOWN})
        given = {call.inputs["principalId"]: self._give(call.inputs)}
        return calls.State(f"{call.inputs['scope']}|{call.inputs['role']}", {"assignments": given})

    def update(self, call: calls.Update) -> Properties:
        """Grant the role to one more principal."""
        if call.preview:
            return {"assignments": UNKNOWN}
        principal = call.news["principalId"]
        assigned = _assignments(call.outputs)
        return {
            "assignments": assigned
            if principal in assigned
            else {**assigned, principal: self._give(call.news)}
        }

    def read(self, call: calls.Read) -> calls.State:
        """Our assignments that still exist; the next update grants a missing one again."""
        scope, assigned = str(call.inputs.get("scope", "")), _assignments(call.outputs)
        there = {
            principal: name
            for principal, name in assigned.items()
            if name == FOUND or self._arm.get(assignments_place(scope, name), API_VERSION) is not None
        }
        return calls.State(call.id, {"assignments": there}, call.inputs)

    def delete(self, call: calls.Delete) -> None:
        """Remove the assignments created here."""
        for name in _assignments(call.outputs).values():
            if name != FOUND:
                self._arm.delete(assignments_place(str(call.inputs["scope"]), name), API_VERSION)

    def _give(self, inputs: Properties) -> str:
        """The name of the assignment, created now or earlier."""
        scope, role, principal = (str(inputs[key]) for key in ("scope", "role", "principalId"))
        name = str(uuid.uuid5(_NAMESPACE, f"{scope}|{role}|{principal}".lower()))
        typed = {"principalType": inputs["principalType"]} if inputs.get("principalType") else {}
        body = {"roleDefinitionId": _definition(scope, role), "principalId": principal, **typed}
        try:
            self._arm.put(assignments_place(scope, name), API_VERSION, {"properties": body})
        except AzureError as error:
            if error.code == "RoleAssignmentExists":
                return FOUND
            if error.code != "AuthorizationFailed":
                raise
            if definition(role) in (held_definitions(self._arm, scope, principal) or ()):
                return FOUND
            raise calls.ProviderError(_refusal(scope, role, principal, error)) from None
        return name


def _definition(scope: str, role: str) -> str:
    subscription = "/".join(scope.split("/")[:3])
    return f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{definition(role)}"


def _refusal(scope: str, role: str, principal: str, error: AzureError) -> str:
    return (
        f"the identity this runs as may not give the role {role!r} to {principal} at {scope}. Run this as "
        "somebody with the role 'Role Based Access Control Administrator', 'User Access Administrator' or "
        f"'Owner' there, or have one of them run `az role assignment create --role {role!r} "
        f"--assignee-object-id {principal} --scope {scope}` and run this again. Azure says: {error}"
    )


def _assignments(outputs: Properties) -> Mapping[str, str]:
    assigned = outputs.get("assignments")
    return assigned if isinstance(assigned, dict) else {}


def _malformed(inputs: Properties) -> Iterator[calls.Failure]:
    for key in inputs.keys() - set(INPUTS):
        yield calls.Failure(key, f"unknown property {key!r}: {did_you_mean(key, INPUTS)}")
    for key in ("scope", "role", "principalId"):
        if not isinstance(inputs.get(key), str | Unknown):
            yield calls.Failure(key, f"{key} is missing")
    role, kind = inputs.get("role"), inputs.get("principalType")
    if isinstance(role, str) and not is_known(role):
        yield calls.Failure("role", f"there is no role {role!r} here: {did_you_mean(role, ROLES)}")
    if kind is not None and kind not in PRINCIPAL_TYPES:
        yield calls.Failure("principalType", f"{kind!r} is not one of {', '.join(PRINCIPAL_TYPES)}")
