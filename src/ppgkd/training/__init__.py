"""From windows to trained networks: views, teachers, their targets, students, one loop for all."""
