"""Bus adapters that play back a recording and complain about what was not expected or not used."""
