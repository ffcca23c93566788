"""Names Azure takes.

Endpoints and deployments: 3 to 32 characters, a letter first, then letters, digits and single dashes, no dash
last. Assets: 1 to 255 letters, digits, dashes, underscores and dots, a letter or digit first.
"""

import re

RESOURCE = re.compile(r"[a-zA-Z](?:-?[a-zA-Z0-9])*")
ASSET = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}")
RESOURCE_RULE = "3 to 32 characters: a letter first, then letters, digits and single dashes, no dash last"
ASSET_RULE = "1 to 255 letters, digits, dashes, underscores and dots, a letter or digit first"


def is_resource_name(name: str) -> bool:
    """Whether Azure takes `name` for an online endpoint or deployment."""
    return 3 <= len(name) <= 32 and RESOURCE.fullmatch(name) is not None


def is_asset_name(name: str) -> bool:
    """Whether Azure takes `name` for a model, a code asset or an environment, or as a version of one."""
    return ASSET.fullmatch(name) is not None
