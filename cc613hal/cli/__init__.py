"""The command line ``cc613hal``: one file per verb."""
