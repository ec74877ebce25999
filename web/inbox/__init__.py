"""Pages of citizens' comments: the list, a comment, its answer."""
