"""What the chapters show: one module per template under ``notebooks/``."""
