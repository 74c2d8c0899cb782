"""Loading that names the file it could not load."""

from pathlib import Path
from typing import Optional

import mmcv
import numpy as np
from mmengine.fileio import get
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImageChecked(LoadImage):
    """mmpose's LoadImage with errors that say which file and what to do.

    OpenCV gives None for a truncated or corrupt file (or raises); upstream
    turns that into an AssertionError, and with ``ignore_empty`` into another
    sample. The arguments are those of ``LoadImage``, without
    ``ignore_empty``.

    Raises:
        ValueError: If ``ignore_empty`` is set.
    """

    def __init__(self, **kwargs):
        if kwargs.pop('ignore_empty', False):
            raise ValueError(
                f'{type(self).__name__} does not skip images: '
                'ignore_empty must be False'
            )
        super().__init__(**kwargs)

    def transform(self, results: dict) -> dict:
        """Load ``results['img_path']`` unless ``img`` is there already.

        Raises:
            FileNotFoundError: If the file does not exist.
            ValueError: If it is not a whole image, has another size than its
                annotation says, or if the box of the person lies outside.
        """
        if 'img' in results:
            return super().transform(results)
        path = results['img_path']
        size = self._take(results, path, read_file(path, self.backend_args))
        results['img_shape'] = results['ori_shape'] = size
        _require_labelled_size(results)
        _require_overlap(results)
        return results

    def _take(self, results: dict, path: str, content: bytes) -> tuple:
        """Add the image of a file; its (h, w)."""
        options = self.color_type, 'bgr', self.imdecode_backend
        image = checked(mmcv.imfrombytes, path, content, *options)
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        return image.shape[:2]


def _require_labelled_size(results: dict) -> None:
    """Labels of a picture of another size are of other places.

    Raises:
        ValueError: Naming the image and both sizes.
    """
    height, width = results['img_shape']
    labelled = results.get('labelled_size', (width, height))
    if max(abs(labelled[0] - width), abs(labelled[1] - height)) >= 1:
        turned = ' (turned, as by an EXIF tag)' * (labelled == (height, width))
        raise ValueError(
            f'the image {results["img_path"]} has {width} x {height} px'
            f'{turned}, and its annotation says {labelled[0]} x {labelled[1]}:'
            ' its labels do not fit. Give the image that was labelled, or '
            'correct width and height.'
        )


def _require_overlap(results: dict) -> None:
    """The crop of a box outside the image is black.

    Raises:
        ValueError: Naming image, id and box.
    """
    height, width = results['img_shape']
    for left, top, right, bottom in results.get('bbox', ()):
        if right <= 0 or bottom <= 0 or left >= width or top >= height:
            box = [round(float(v), 1) for v in (left, top, right, bottom)]
            raise ValueError(
                f'the image {results["img_path"]}: id {results.get("id")}: '
                f'the box {box} lies outside its {width} x {height} px. '
                'Correct or remove this annotation.'
            )


def read_file(path: str, backend_args: Optional[dict] = None) -> bytes:
    """The bytes of an image file.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is a pipe, which would wait for its other end.
    """
    if Path(path).is_fifo():
        raise ValueError(f'the image {path} is a named pipe and no file')
    try:
        return get(path, backend_args=backend_args)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f'the image {path} does not exist. Correct data_root and '
            'data_prefix, or complete the data set.'
        ) from error


def checked(function, path: str, content: bytes, *args):
    """What ``function(content, *args)`` gives, or an error with the path.

    Raises:
        ValueError: If the function raises or gives None.
    """
    try:
        result = function(content, *args)
    except Exception as error:  # every back end has its own kinds
        result, reason = None, f'{type(error).__name__}: {error}'
    else:
        reason = 'OpenCV gave nothing'
    if result is None:
        raise ValueError(
            f'the image {path} ({len(content)} bytes) is corrupt or '
            f'truncated ({reason}). Get it again or remove its '
            'annotations.'
        )
    return result
