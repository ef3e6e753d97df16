"""The validator: what the loader finds in single records, and further rules across records, dates, addresses and evidence."""

from dlrrc_core.validation.report import Finding, Report
from dlrrc_core.validation.run import validate

__all__ = ["Finding", "Report", "validate"]
