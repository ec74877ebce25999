"""Sign-in by password, sessions, and one-time links."""
