"""What is asked, as a value, and how it is run into a results folder."""
