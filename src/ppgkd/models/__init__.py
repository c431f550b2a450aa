"""Families of networks, each indexed by one capacity, behind a front end without parameters."""
