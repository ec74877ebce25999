"""The practice platform: behaves as X and Facebook do over HTTP, and keeps a letterbox for mail."""
