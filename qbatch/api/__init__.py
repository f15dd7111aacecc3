"""What Python users and the command line call; it prints nothing by itself."""
