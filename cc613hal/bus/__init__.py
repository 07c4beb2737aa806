"""Buses: what a driver may ask of a wire, who owns it, and the adapters behind it."""
