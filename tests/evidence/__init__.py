"""The evidence table: what the exhaustive and adversarial tests have shown, in one command."""
