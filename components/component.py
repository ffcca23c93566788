"""The base class of all components."""

from collections.abc import Sequence

import pulumi


class Component(pulumi.ComponentResource):
    """A component whose children wait for its dependencies, which Pulumi leaves to each component."""

    def __init__(self, kind: str, name: str, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"azml:components:{kind}", name, {}, opts)
        waits = opts.depends_on if opts else None
        self._waits: list[pulumi.Input[pulumi.Resource]] = (
            list(waits) if isinstance(waits, Sequence) else [] if waits is None else [waits]  # type: ignore[list-item]
        )

    def _child(self, opts: pulumi.ResourceOptions | None = None) -> pulumi.ResourceOptions:
        """Options of a child, merged with `opts`."""
        own = pulumi.ResourceOptions(parent=self, depends_on=self._waits or None)
        return pulumi.ResourceOptions.merge(own, opts)
