"""Phoenix Contact plug lock actuators, for cc613hal."""
