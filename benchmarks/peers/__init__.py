"""Scripts that do the same work without qbatch, each a whole process."""
