"""Meters as data: register maps, the planner that reads them, and decoding."""
