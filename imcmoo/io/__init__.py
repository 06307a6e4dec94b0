"""Files that are complete or not there, folders with one owner, parts of long work, executors."""
