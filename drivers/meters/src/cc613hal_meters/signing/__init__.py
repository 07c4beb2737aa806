"""Meters that sign: each with the procedure its maker documents."""
