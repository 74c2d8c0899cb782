"""The next frames are read while the network runs."""

import queue
import threading
from typing import Iterator

#: Frames that wait for the network.
AHEAD = 4
_END = object()


class Prefetched:
    """Iterate over a source in a thread of its own, a few frames ahead.

    Args:
        source (ImageSource | VideoSource): Its frames come in their order,
            and its exception where it was raised. A live source is read
            without waiting frames, so that none is old.
    """

    def __init__(self, source) -> None:
        self.source = source
        self.live = getattr(source, 'live', False)
        self.video = getattr(source, 'video', False)

    def __iter__(self) -> Iterator:
        if self.live:
            yield from self.source
            return
        frames: queue.Queue = queue.Queue(AHEAD)
        stopped = threading.Event()

        def put(item) -> bool:
            while not stopped.is_set():
                try:
                    frames.put(item, timeout=0.1)
                except queue.Full:
                    continue
                return True
            return False

        def read() -> None:
            try:
                for frame in self.source:
                    if not put((frame, None)):
                        return
                put((_END, None))
            except BaseException as error:  # raised again by the reader
                put((_END, error))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            while True:
                frame, error = frames.get()
                if error is not None:
                    raise error
                if frame is _END:
                    return
                yield frame
        finally:
            stopped.set()
            thread.join()
