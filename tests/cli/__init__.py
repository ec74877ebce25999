"""The front door's commands, as somebody types them."""
