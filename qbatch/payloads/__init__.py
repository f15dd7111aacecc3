"""What jobs are about, one room a format. Nothing here knows the store."""
