"""The cost of a student here and on microcontrollers: time, memory, bytes, multiplications."""

from ppgkd.profile.student import profile_student

__all__ = ["profile_student"]
