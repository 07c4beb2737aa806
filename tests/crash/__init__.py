"""The crash test: the application is killed with SIGKILL at random moments, and nothing that it acknowledged may be missing."""
