"""What happens around a simulated station, as values: from the command line over a socket of its own, or from a script with times."""
