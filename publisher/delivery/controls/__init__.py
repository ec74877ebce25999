"""Controls that hold deliveries: stop and freeze."""
