"""Why an address gives no page. Each becomes a skipped page, a failed document or a failed source."""


class PageError(Exception):
    """Base of these; the message is the reason, without the address."""


class Unreachable(PageError):  # noqa: N818 - a state, as in the field
    """It cannot be had now: no answer, or one that says that something is wrong with the server."""


class Refused(PageError):  # noqa: N818
    """The server, or our own rules, do not let us have it.

    Attributes:
        lasting: a rule that a person set; False where it may be otherwise tomorrow.
    """

    def __init__(self, reason: str, *, lasting: bool) -> None:
        self.lasting = lasting
        super().__init__(reason)


class Gone(PageError):  # noqa: N818
    """The server says that there is no such page."""
