"""What can be wrong with a request for a groove."""


class GrooveError(ValueError):
    """A spec that cannot be played; the text is safe to show to the person who asked."""
