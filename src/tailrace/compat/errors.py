"""What is wrong with a program, said in one line."""


class ProgramError(Exception):
    """A program cannot be started or read."""
