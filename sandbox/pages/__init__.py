"""The sandbox's pages for a person: timelines, comments, letterbox, faults."""
