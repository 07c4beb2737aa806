"""Hella plug lock actuators, for cc613hal."""
