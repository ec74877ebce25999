"""A platform in memory, for tests: it keeps, fails as it is told, and lets citizens speak."""
