"""The one place that turns HTTP into the platforms' errors, and that knows what may have left."""
