"""The practice Facebook: pages of the Graph interface, as far as they are called."""
