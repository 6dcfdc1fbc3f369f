"""What can go wrong, said in one line that a user can act on."""


class SweepError(Exception):
    """A failure whose message is fit to print as it is: what, where, and what would be right."""

    exit_status = 1


class RequestError(SweepError):
    """The request or a file in it is wrong; nothing was trained or written."""

    exit_status = 2


class StoreError(SweepError):
    """Saved results could not be written or read as they should be."""
