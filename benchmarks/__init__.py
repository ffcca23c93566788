"""Benchmarks against a baseline, as ratios within one run."""
