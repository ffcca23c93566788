"""The managed network of a workspace, in azure-native's types: one write with the full set of rules."""

from pulumi_azure_native import machinelearningservices as ml

from azml.stack.config.managed_network import FqdnRule, ManagedNetwork, OutboundRule, PrivateEndpointRule

_Rule = ml.FqdnOutboundRuleArgs | ml.PrivateEndpointOutboundRuleArgs | ml.ServiceTagOutboundRuleArgs


def managed_network(settings: ManagedNetwork | None) -> ml.ManagedNetworkSettingsArgs | None:
    """The network of the settings; None where the workspace has none."""
    if settings is None:
        return None
    return ml.ManagedNetworkSettingsArgs(
        isolation_mode=settings.isolation[0].upper() + settings.isolation[1:],
        managed_network_kind=settings.kind,
        firewall_sku=settings.firewall,
        outbound_rules={name: _rule(rule) for name, rule in settings.outbound.items()} or None,
    )


def _rule(rule: OutboundRule) -> _Rule:
    if isinstance(rule, FqdnRule):
        return ml.FqdnOutboundRuleArgs(type="FQDN", category="UserDefined", destination=rule.host)
    if isinstance(rule, PrivateEndpointRule):
        target = ml.PrivateEndpointDestinationArgs(
            service_resource_id=rule.resource_id, subresource_target=rule.subresource, spark_enabled=False
        )
        return ml.PrivateEndpointOutboundRuleArgs(
            type="PrivateEndpoint", category="UserDefined", destination=target
        )
    tag = ml.ServiceTagDestinationArgs(
        service_tag=rule.tag, protocol=rule.protocol, port_ranges=rule.ports, action="Allow"
    )
    return ml.ServiceTagOutboundRuleArgs(type="ServiceTag", category="UserDefined", destination=tag)
