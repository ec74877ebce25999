"""Planted bugs, as patches, each of which has to be caught by a test."""
