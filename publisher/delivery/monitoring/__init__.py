"""Monitoring of live posts: deletions and changes by others are found within a day."""
