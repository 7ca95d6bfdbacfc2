"""What goes wrong through no fault of the program: said in one sentence, never as a traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can mend: which file or key, what was found, what would be right."""


class UsageError(UserError):
    """The command was called with words that it does not know (exit code 2)."""


class InvariantError(Exception):
    """A promise about money or rows does not hold: nothing may be written (a defect of ours)."""
