"""Frozen values and pure rules. Imports nothing of the application, does no I/O, has no clock."""
