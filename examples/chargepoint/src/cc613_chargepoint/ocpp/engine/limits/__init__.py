"""Charging profiles of a backend as limits of the station, and what a backend hears of the limits that others set."""
