"""Names Azure accepts, so that a bad one fails at preview and not in the middle of an update.

Rules: Azure Resource Manager's "Naming rules and restrictions for Azure resources", and the limits page of
Azure Machine Learning online endpoints.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class NameRule:
    """What Azure accepts as the name of one resource type: a pattern, and the same in words."""

    pattern: re.Pattern[str]
    words: str

    def accepts(self, name: str) -> bool:
        """Whether Azure would take `name`."""
        return self.pattern.fullmatch(name) is not None


RESOURCE_GROUP = NameRule(
    re.compile(r"[-\w.()]{0,89}[-\w()]"),
    "1 to 90 letters, digits, underscores, parentheses, dashes and dots, no dot at the end",
)
WORKSPACE = NameRule(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}"), "3 to 33 letters, digits, dashes and underscores"
)
STORAGE_ACCOUNT = NameRule(re.compile(r"[a-z0-9]{3,24}"), "3 to 24 lower-case letters and digits")
KEY_VAULT = NameRule(
    re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]"),
    "3 to 24 letters, digits and single dashes, a letter first, no dash at the end",
)
LOG_ANALYTICS = NameRule(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
    "4 to 63 letters, digits and dashes, no dash at either end",
)
APPLICATION_INSIGHTS = NameRule(
    re.compile(r"[^%&\\?/]{0,259}[^%&\\?/. ]"),
    "1 to 260 characters without % & \\ ? /, no dot or space at the end",
)
# Azure does not tell `Blue` from `blue`, and azure-ai-ml lowers both; our shares and our guard would.
ENDPOINT = NameRule(
    re.compile(r"(?!.*--)[a-z][a-z0-9-]{1,30}[a-z0-9]"),
    "3 to 32 lower-case letters, digits and single dashes, a letter first, no dash at the end",
)
DEPLOYMENT = ENDPOINT
# Models, code and environments are called after the endpoint's key in the settings and the slot.
ASSET = NameRule(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}"),
    "1 to 222 letters, digits, dashes, underscores and dots, a letter or digit first",
)
