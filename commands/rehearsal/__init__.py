"""`nagarvani rehearse`: practice houses for trainers, started and dropped by one command."""
