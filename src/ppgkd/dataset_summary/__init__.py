"""What recordings are like before anything is trained: a study's, and one's own."""
