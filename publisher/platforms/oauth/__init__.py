"""Connect accounts: the OAuth flows of X and Facebook, by which a person authorises our app."""
