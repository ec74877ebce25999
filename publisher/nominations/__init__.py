"""Calls to departments to name their officers, and what their heads named."""
