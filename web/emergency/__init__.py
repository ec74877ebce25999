"""Pages of the emergency lane: templates, roster, alerts and their ratification."""
