"""Detected boxes of images with one person each."""

from typing import Dict

import numpy as np

from ..checks import (
    ANY,
    TEXT,
    check_fields,
    detected_box,
    load_json,
    number_within,
)


def read_boxes(path: str, names: np.ndarray) -> np.ndarray:
    """The detected box of the highest score of each frame.

    The file is a JSON list of ``{"imgname": str, "bbox": [x, y, w, h],
    "score": float}`` in px, with the image names of the annotation file:
    ``names`` (n,).

    Returns:
        np.ndarray: (n, 5) x1, y1, x2, y2 in px and the score.

    Raises:
        FileNotFoundError, ValueError: If a frame has no box, or a box is
            malformed.
    """
    best: Dict[str, np.ndarray] = {}
    detections = load_json(path, 'the detection file', list)
    fields = dict(imgname=TEXT, bbox=ANY, score=ANY)
    for id_, detection in enumerate(detections):
        check_fields(detection, fields, path, id_)
        x, y, w, h = detected_box(detection['bbox'], path, id_)
        score = number_within(detection['score'], path, id_, 'score', 0, 1)
        name = detection['imgname']
        box = np.array([x, y, x + w, y + h, score], np.float32)
        if name not in best or best[name][4] < box[4]:
            best[name] = box
    missing = [n for n in names.tolist() if n not in best]
    if len(missing) == len(names):
        raise ValueError(
            f'{path}: none of its names is one of the annotation file: it '
            f'has {next(iter(best), "none")}, not {missing[0]}. Write the '
            'names as there.'
        )
    if missing:
        raise ValueError(
            f'{path}: {len(missing)} of {len(names)} frames have '
            f'no detection, the first is {missing[0]}. Run the '
            'detector with a lower threshold on them.'
        )
    return np.stack([best[name] for name in names.tolist()])
