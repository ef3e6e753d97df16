"""Baseline models on public data: evaluation of their answers."""
