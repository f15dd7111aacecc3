"""One file a family of commands: read options, call the API, hand the answer to output."""
