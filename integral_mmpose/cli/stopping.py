"""End a run on Ctrl-C or SIGTERM, and keep its results."""

import signal
import time

#: Seconds in which a second signal is ignored.
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
    """Raise KeyboardInterrupt again, in case Python dropped it."""
    if _asked:
        raise KeyboardInterrupt


def stop_asked() -> bool:
    """Whether a signal came. It may have caused a later error."""
    return _asked


def _stop(*_) -> None:
    global _asked, _time
    last, _time = _time, time.monotonic()
    if _asked and _time - last < PATIENCE_S:
        return  # it is ending
    _asked = True
    raise KeyboardInterrupt
