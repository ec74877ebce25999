"""A platform in memory for tests: it stores posts, fails as planned, and takes comments."""
