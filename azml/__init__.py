"""Machine learning models on Azure ML online endpoints: the tools around the Pulumi stack."""
