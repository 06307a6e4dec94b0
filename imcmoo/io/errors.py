"""What can be wrong with what a user gave."""


class InputError(Exception):
    """The user's input is at fault; the message is one line that says what and where."""
