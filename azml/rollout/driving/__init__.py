"""Carries a rollout out through interfaces: on Azure, in a rehearsal, in a simulation."""
