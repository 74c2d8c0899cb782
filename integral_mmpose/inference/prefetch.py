"""Prepare the next items in a thread while the network runs."""

import queue
import threading
from typing import Iterable, Iterator, TypeVar

Item = TypeVar('Item')

#: Items that wait for the network.
AHEAD = 4
_END = object()


def read_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Iterate a few items ahead in a thread.

    Yields:
        The items in order. An exception is raised in its place.

    Example:
        >>> list(read_ahead(range(3)))
        [0, 1, 2]
    """
    waiting: queue.Queue = queue.Queue(AHEAD)
    stopped = threading.Event()

    def read() -> None:
        end = None
        try:
            for item in items:
                waiting.put((item, None))
                if stopped.is_set():
                    return
        except BaseException as error:  # raised again by the reader
            end = error
        waiting.put((_END, end))

    # A daemon: the interpreter would wait for the thread of a pool, whose
    # reader may be blocked.
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stopped.set()
        while not waiting.empty():  # the thread may wait for a free place
            waiting.get()
        thread.join()
