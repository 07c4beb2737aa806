"""What a station owes a backend and what a backend may ask of it, without the words of one version of the protocol."""
