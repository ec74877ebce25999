"""What is known of the whole house, and what moves whole desks."""
