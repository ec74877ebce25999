"""What platforms charge for reads and creations, and the budget of a month."""
