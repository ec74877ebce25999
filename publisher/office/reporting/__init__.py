"""What is known: what waits for whom, how far each thing is, and what became of it."""
