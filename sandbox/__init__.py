"""The practice platform: it behaves as X and Facebook do over HTTP, and receives mail and SMS."""
