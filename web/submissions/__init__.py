"""Pages of submissions: hand in, the list, a submission."""
