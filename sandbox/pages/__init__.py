"""The sandbox's pages for people: timelines, comments, letterbox, faults."""
