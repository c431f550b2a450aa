"""Recordings of the user's own: tables, and a small YAML file that says what is in them.

``schema.yaml`` documents every key. The files stay where they are.
"""
