"""What a platform offers the house: plain values in and out, and errors that carry a decision."""
