"""Energy meters as register maps, for cc613hal."""
