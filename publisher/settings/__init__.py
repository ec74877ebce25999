"""Settings from the environment (prefix `NAGARVANI_`) or a `.env` file."""
