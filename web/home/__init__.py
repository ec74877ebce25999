"""Today, the search and the tour."""
