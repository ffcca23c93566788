"""How often rollout rules are wrong, how soon they decide, and what that costs: docs/reliability.md.

Run with: make reliability
"""
