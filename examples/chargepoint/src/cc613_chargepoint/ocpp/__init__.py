"""The station's backend side: one version-free engine, and a room for each part that stands by itself."""
