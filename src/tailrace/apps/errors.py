"""What a user can do wrong, said in one line."""

from __future__ import annotations


class UserError(ValueError):
    """Input that an application cannot work with: a file, an option, a text, a model folder.

    The message is one line that says what is wrong and where; the command line prints it to
    stderr and ends with exit status 2.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
