"""Write person boxes as a COCO detection file.

Convention: in memory boxes are (N, 5) left, top, right, bottom, score in
image px; in the file ``bbox`` is [left, top, width, height].

Every finished batch is a line of ``OUT.partial``, so a killed run can
continue; a torn last line is dropped. Batches depend on the order of the
images only, so the result is that of an uninterrupted run.
"""

import json
import os
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

from integral_mmpose.datasets.body.coco_files import read_coco
from integral_mmpose.datasets.checks import TEXT, WHOLE, load_json
from integral_mmpose.files import write_atomically
from integral_mmpose.inference.images import image_suffixes
from integral_mmpose.person_category import PERSON


def coco_detections(image_id: int, boxes: np.ndarray) -> List[dict]:
    """Convert boxes (N, 5) of an image to COCO detections.

    Example:
        >>> coco_detections(7, np.array([[1, 2, 4, 8, 0.5]]))
        ... # doctest: +NORMALIZE_WHITESPACE
        [{'image_id': 7, 'category_id': 1, 'bbox': [1.0, 2.0, 3.0, 6.0],
          'score': 0.5}]
    """
    boxes = np.array(boxes, np.float64)
    boxes[:, 2:4] -= boxes[:, :2]
    return [
        dict(
            image_id=image_id,
            category_id=PERSON,
            bbox=box[:4].round(3).tolist(),
            score=round(float(box[4]), 6),
        )
        for box in boxes
    ]


def list_coco_images(folder: str, ann_file: str = '') -> List[Tuple[int, str]]:
    """List the images of a folder with their ids.

    Args:
        folder (str): Folder of the images.
        ann_file (str): COCO file that lists them. Without it, all images of
            the folder, whose names must be ids (``000000000139.jpg``).

    Returns:
        list[tuple[int, str]]: Id and path, by id.

    Raises:
        FileNotFoundError: If the folder or an image is missing.
        ValueError: If ids are unknown or repeat, or there is no image.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f'--images: the folder {folder} is missing')
    if ann_file:
        content = read_coco(
            ann_file, ['images'], dict(id=WHOLE, file_name=TEXT)
        )
        names = [(i['id'], i['file_name']) for i in content['images']]
    else:
        names = _numbered_names(folder)
    if not names:
        raise ValueError(
            f'{ann_file or folder}: no image: correct --images or --ann'
        )
    pairs = sorted((id_, str(Path(folder, name))) for id_, name in names)
    missing = [path for _, path in pairs if not Path(path).is_file()]
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(pairs)} images of {ann_file} are '
            f'missing, the first is {missing[0]}. Correct --images or '
            'complete the folder'
        )
    return pairs


def _numbered_names(folder: str) -> List[Tuple[int, str]]:
    names: Dict[int, str] = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() not in image_suffixes():
            continue
        if not path.stem.isdecimal():
            raise ValueError(
                f'{path}: the id of the image is unknown, its name is no '
                'number. Give --ann, a COCO file that lists the images'
            )
        if int(path.stem) in names:
            raise ValueError(
                f'{path} and {names[int(path.stem)]} have the same id. Give '
                '--ann, a COCO file that lists the images'
            )
        names[int(path.stem)] = path.name
    return list(names.items())


class DetectionFile:
    """A detection file that is written batch by batch.

    Args:
        path (str): Finished file. ``.partial`` and ``.settings`` are added
            to it for the work in progress and for the settings.
        settings (dict): JSON values that decide the content.

    Raises:
        ValueError: If there is a file with other or unknown settings.
    """

    def __init__(self, path: str, settings: dict) -> None:
        path = os.path.expanduser(path)
        self.path = Path(path)
        self.settings = json.loads(json.dumps(settings))
        self.partial = Path(f'{path}.partial')
        self.note = Path(f'{path}.settings')
        self.batches: List[List[dict]] = []
        self.complete = self.path.exists()
        if self.complete:
            known = self.note.exists()
            noted = json.loads(self.note.read_text()) if known else {}
            self._compare(noted, self.path)
            self.batches = [load_json(str(path), 'the detection file', list)]
        elif self.partial.exists():
            self._continue()
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.partial, self._line(self.settings))

    @property
    def detections(self) -> List[dict]:
        """All detections so far, in the order of the images."""
        return [d for batch in self.batches for d in batch]

    def append(self, batch: List[dict]) -> None:
        """Write the detections of the next batch."""
        with open(self.partial, 'ab') as file:
            file.write(self._line(batch))
            file.flush()
            os.fsync(file.fileno())
        self.batches.append(batch)

    def finish(self) -> None:
        """Write the finished file, and remove the partial one."""
        write_atomically(self.note, self._line(self.settings))
        write_atomically(self.path, self._line(self.detections))
        self.partial.unlink()
        self.complete = True

    @staticmethod
    def _line(content) -> bytes:
        return json.dumps(content).encode() + b'\n'

    def _continue(self) -> None:
        """Read the whole lines, and cut off a torn one."""
        lines = self.partial.read_bytes().split(b'\n')
        whole = b''.join(line + b'\n' for line in lines[:-1])
        try:
            found = [json.loads(line) for line in lines[:-1]]
        except ValueError as error:
            raise ValueError(
                f'{self.partial} is broken ({error}): remove it'
            ) from error
        self._compare(found[0] if found else {}, self.partial)
        os.truncate(self.partial, len(whole))
        self.batches = found[1:]

    def _compare(self, found: dict, path: Path) -> None:
        names = sorted(
            key
            for key in {*found, *self.settings}
            if found.get(key) != self.settings.get(key)
        )
        if names:
            raise ValueError(
                f'{path} exists with other settings ({", ".join(names)} '
                'differ). Choose another --out, or remove it'
            )
