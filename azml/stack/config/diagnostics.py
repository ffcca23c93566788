"""The setting `diagnostics`: where the logs of Azure's resources go."""

from azml.rules import arm_ids
from azml.stack.config.records import Diagnostics
from azml.stack.sections.section import Section

_LOG_ANALYTICS = arm_ids(r"/providers/Microsoft\.OperationalInsights/workspaces/[^/]+")
_SHAPE = "write true, or the ARM id of a Log Analytics workspace"


def read_diagnostics(stack: Section, *, existing: bool) -> Diagnostics:
    """True for the stack's own Log Analytics workspace, or the id of one; `existing` is the workspace's."""
    node = stack.get("diagnostics")
    if node is None or node.value is False:
        return Diagnostics()
    if node.value is True:
        if existing:
            remedy = "write the ARM id of a Log Analytics workspace, or leave it out"
            stack.fault("diagnostics", "is true, and the stack creates no Log Analytics workspace", remedy)
        return Diagnostics(enabled=True)
    if not isinstance(node.value, str) or not _LOG_ANALYTICS.fullmatch(node.value):
        stack.fault("diagnostics", f"is {node.plain()!r}", _SHAPE)
        return Diagnostics()
    return Diagnostics(enabled=True, log_analytics_id=node.value)
