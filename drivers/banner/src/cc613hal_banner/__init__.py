"""Banner parking sensors, for cc613hal."""
