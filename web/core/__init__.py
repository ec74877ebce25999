"""Shared parts of all pages: request context, sign-in, permissions, layout, filters."""
