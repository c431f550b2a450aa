"""What a student costs: time, memory, bytes and products, here and on microcontrollers."""

from ppgkd.profile.student import profile_student

__all__ = ["profile_student"]
