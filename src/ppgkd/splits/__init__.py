"""Roles of subjects, and a study's windows by role."""
