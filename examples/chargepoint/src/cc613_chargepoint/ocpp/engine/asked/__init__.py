"""What a backend may have done at the station, without a version's words."""
