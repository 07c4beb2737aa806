"""Whom the station believes and who believes it: where backends are, keys, certificates, and who has ever accepted the station."""
