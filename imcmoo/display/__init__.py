"""Words and tables that people read: labels, numbers with units, limits as text, and tables."""
