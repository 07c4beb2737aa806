"""Temperature and tilt sensors, for cc613hal."""
