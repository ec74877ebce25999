"""The protocol of a platform: plain values in and out, and errors that say what to do next."""
