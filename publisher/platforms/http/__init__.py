"""HTTP for all platforms: maps responses to platform errors, and tracks what may have been sent."""
