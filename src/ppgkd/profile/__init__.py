"""The cost of a student here and on microcontrollers: time, memory, bytes, multiplications."""

from ppgkd.profile.student import profile_students

__all__ = ["profile_students"]
