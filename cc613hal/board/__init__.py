"""Board files, and the open boards made from them."""
