"""What comes back: comments are read, routed to who answers for them, and answered."""
