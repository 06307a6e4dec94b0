"""What can be wrong with what a user gave."""


class InputError(Exception):
    """The user's input is at fault; the message says what and where, a line for each fault."""
