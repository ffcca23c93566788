"""Our own plugin, as a program declares it, and questions to plugins."""

from collections.abc import Iterator
from contextlib import contextmanager

import pulumi

from azml.azure.settings import SECRET_NAMES, SETTING_NAMES


class Plugin(pulumi.ProviderResource):
    """The plugin `azml`, acting as the identity azure-native acts as.

    An engine hands a plugin the settings of its own name only, so azure-native's are handed on here.
    """

    def __init__(self, opts: pulumi.ResourceOptions | None = None) -> None:
        config = pulumi.Config("azure-native")
        settings = {
            name: config.get_secret(name) if name in SECRET_NAMES else config.get(name)
            for name in SETTING_NAMES
        }
        super().__init__("azml", "azml", {name: value for name, value in settings.items() if value}, opts)


@contextmanager
def asking() -> Iterator[None]:
    """Ask a plugin something in the block. One that cannot answer says why: words to act on, no traceback."""
    try:
        yield
    except Exception as failure:  # the SDK raises nothing more telling
        raise pulumi.RunError(str(failure)) from None
