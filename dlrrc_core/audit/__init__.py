"""The audit: whether the numbers that a paper prints can be right."""
