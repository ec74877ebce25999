"""Merging and closing departments: what stands in the way, and what moves to whom."""
