"""The sandbox: X and Facebook for practice, over HTTP, and a receiver for mail and SMS."""
