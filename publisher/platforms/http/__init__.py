"""HTTP for all platforms: maps responses to platform errors, and knows what may have been sent."""
