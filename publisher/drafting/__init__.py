"""Posts as the cell writes them: each save is a revision with its author, note and pictures."""
