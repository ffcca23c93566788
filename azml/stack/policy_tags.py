"""Tags that a policy owns, left alone on every resource."""

from collections.abc import Sequence

import pulumi


def leave_to_policies(tags: Sequence[str]) -> None:
    """Have no resource declared after this change tags of these names, which a policy of Azure's sets.

    Without it an update takes such a tag away and the policy puts it on again. Where the program gives a
    resource no tags at all, there is no map for a path to lead into: then all its tags are left alone.
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
