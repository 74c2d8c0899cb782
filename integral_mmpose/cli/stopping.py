"""Ctrl-C and SIGTERM end a run; what is done is kept."""

import signal
import time

#: A second signal within it does not interrupt what the first one ends.
PATIENCE_S = 2.0
_asked, _time = False, 0.0


def end_by_signal() -> None:
    """Let SIGTERM end a run as Ctrl-C does."""
    global _asked
    _asked = False
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell lets what it starts in the background ignore Ctrl-C.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def check_stop() -> None:
    """Raise KeyboardInterrupt if it came where Python drops exceptions."""
    if _asked:
        raise KeyboardInterrupt


def stop_asked() -> bool:
    """Whether a signal came: an error behind it may be of its making."""
    return _asked


def _stop(*_) -> None:
    global _asked, _time
    last, _time = _time, time.monotonic()
    if _asked and _time - last < PATIENCE_S:
        return  # it is ending
    _asked = True
    raise KeyboardInterrupt
