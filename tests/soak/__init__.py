"""The soak: days of a busy station in one run, watched for what grows, what is left behind, and what is said that nobody expects."""
