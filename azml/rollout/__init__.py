"""Safe rollouts: plans, evidence, verdicts and decisions. Nothing here reads a clock or writes."""
