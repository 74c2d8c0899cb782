"""Batch the person crops of several images."""

from collections import deque
from typing import Any, Callable, Iterable, Iterator, Optional, Tuple


def in_batches(
    items: Iterable[Tuple[Any, list]],
    predict: Callable[[list], list],
    batch_size: int,
    max_waiting: Optional[int] = None,
) -> Iterator[Tuple[Any, list]]:
    """Predict the crops of several items in batches.

    Args:
        items (Iterable): Pairs of an item (an image) and its crops.
        predict (Callable): From crops to as many results.
        batch_size (int): Most crops of a call.
        max_waiting (int, optional): Most items that wait for a full batch.
            It bounds the memory if many images show nobody; 1 adds no delay
            to a camera. Defaults to ``batch_size``.

    Yields:
        tuple: Item and results, one per crop, in the order of ``items``.

    Example:
        >>> twice = lambda crops: [2 * crop for crop in crops]
        >>> list(in_batches([('a', [1, 2, 3]), ('b', []), ('c', [4])],
        ...                 twice, 2))
        [('a', [2, 4, 6]), ('b', []), ('c', [8])]
    """
    max_waiting = max_waiting or batch_size
    waiting: deque = deque()  # item and the number of its crops
    crops: list = []
    results: list = []
    for item, own in items:
        waiting.append((item, len(own)))
        crops += own
        while len(crops) >= batch_size:
            results += predict(crops[:batch_size])
            crops = crops[batch_size:]
        if crops and len(waiting) >= max_waiting:
            results += predict(crops)
            crops = []
        yield from _finished(waiting, results)
    if crops:
        results += predict(crops)
    yield from _finished(waiting, results)


def _finished(waiting: deque, results: list) -> Iterator[tuple]:
    """Yield the items whose results are complete."""
    while waiting and waiting[0][1] <= len(results):
        item, count = waiting.popleft()
        yield item, results[:count]
        del results[:count]
