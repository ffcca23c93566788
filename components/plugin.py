"""Our own plugin, as a program declares it."""

from collections.abc import Mapping

import pulumi

from azml.azure.settings import SECRET_NAMES, SETTING_NAMES


class Plugin(pulumi.ProviderResource):
    """The plugin `azml`, which uses the same identity as azure-native.

    The engine passes a plugin only the settings of its own package, so azure-native's are passed on here:
    `settings`, by azure-native's names such as `subscriptionId`, for a program with an explicit azure-native
    provider; otherwise the stack's `azure-native:` settings.
    """

    def __init__(
        self,
        name: str = "azml",
        settings: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        config = pulumi.Config("azure-native")
        own = {
            key: config.get_secret(key) if key in SECRET_NAMES else config.get(key) for key in SETTING_NAMES
        }
        given = {key: value for key, value in own.items() if value} if settings is None else dict(settings)
        super().__init__("azml", name, given, opts)
