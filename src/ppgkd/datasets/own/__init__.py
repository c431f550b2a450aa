"""Recordings of the user's own: tables, and a YAML file that describes them.

``schema.yaml`` documents every key of the YAML file. The tables are read in place.
"""
