"""Ctrl-C and SIGTERM end a run; what is done is kept."""

import signal

_asked = False


def end_by_signal() -> None:
    """Let SIGTERM end a run as Ctrl-C does."""
    global _asked
    _asked = False
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell lets what it starts in the background ignore Ctrl-C.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def check_stop() -> None:
    """End here if a signal came where Python drops exceptions.

    Raises:
        KeyboardInterrupt: If it did.
    """
    if _asked:
        raise KeyboardInterrupt


def _stop(*_) -> None:
    global _asked
    _asked = True
    raise KeyboardInterrupt
