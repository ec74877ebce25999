"""Pages of a post: timeline, corrections, take-downs."""
