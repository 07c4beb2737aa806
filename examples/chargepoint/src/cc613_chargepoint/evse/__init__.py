"""The charge itself: one actor per connector, on an explicit transition table."""
