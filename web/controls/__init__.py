"""Pages that hold deliveries: stop, freezes, and the state of the workers."""
