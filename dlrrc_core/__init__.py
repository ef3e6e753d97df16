"""Scoring, statistics and pages of the DLRRC living review."""

__version__ = "0.1.0"
