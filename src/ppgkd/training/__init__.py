"""Training: teachers, students, and the loop for both."""
