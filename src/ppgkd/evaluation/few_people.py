"""How many people an interval over people needs."""

FEW_PEOPLE = 5
"""With fewer, an interval over people says little about others, and the variance between people is
hardly determined (Gelman and Hill 2007, section 12.9)."""
