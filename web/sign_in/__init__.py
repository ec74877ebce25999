"""Sign-in, passwords, sessions and the profile."""
