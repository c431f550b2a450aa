"""The cost of a student here and on microcontrollers: time, memory, bytes, instructions."""
