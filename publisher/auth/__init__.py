"""Signing in by password, and what a session is worth."""
