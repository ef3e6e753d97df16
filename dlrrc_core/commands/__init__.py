"""The commands of ``dlrrc``, one module per topic; :mod:`dlrrc_core.cli` puts them together."""
