"""Where a rollout stands by its journal, and what it does next."""
