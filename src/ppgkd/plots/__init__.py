"""Pictures that the command line draws of a user's own recordings."""
