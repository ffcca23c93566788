"""Leaves tags that a policy sets unchanged on every resource."""

from collections.abc import Sequence

import pulumi


def leave_to_policies(tags: Sequence[str]) -> None:
    """Ignore changes of these tags, which an Azure policy sets, on every resource declared after this call.

    Without it an update removes such a tag and the policy adds it again. Where the program gives a resource
    no tags at all, there is no map for a path to refer into: then all its tags are ignored.
    """
    if not tags:
        return
    named = [f'tags["{name}"]' for name in tags]

    def left_alone(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith("azure-native:") or "tags" not in args.props:
            return None
        paths = ["tags"] if args.props["tags"] is None else named
        options = pulumi.ResourceOptions(ignore_changes=paths)
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, options)
        )

    pulumi.runtime.register_stack_transformation(left_alone)
