"""Files that are complete or not there, parts of long work, and work spread over processes."""
