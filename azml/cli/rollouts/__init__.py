"""Carries rollouts out on Azure, real or local: its endpoint, its metrics, replayed requests, a journal."""
