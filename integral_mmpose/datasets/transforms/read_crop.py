"""Read an image when its crop is known, no larger than the crop needs.

    IntegralReadImage    bytes and size of the file, no pixels
    GetBBoxCenterScale
    RandomFlipLabels     box and joints; the image follows
    UniformBBoxTransform
    ReadCrop             read at 1/1, 1/2, 1/4 or 1/8, flip, warp

takes the places of LoadImageChecked, RandomFlip and TopdownAffine. After
IntegralReadImage the others go together: mmpose's own would miss ``img`` and
say so. Where there is an image, each does what mmpose's own does. Boxes,
joints and camera stay in px of the original image; only the matrix of the
warp knows the factor.

Convention: pixel i' of the image at 1/f lies at f·i' + (f − 1)/2 of the
original (``datasets/jpeg.py``).
"""

from typing import Optional, Tuple

import cv2
import numpy as np
from mmpose.datasets.transforms import RandomFlip, TopdownAffine
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import get_warp_matrix

from ..jpeg import FLAGS, read_header, read_reduced
from .loading import LoadImageChecked, checked

#: cv2.flip's codes.
_FLIPS = dict(horizontal=1, vertical=0, diagonal=-1)


@TRANSFORMS.register_module()
class IntegralReadImage(LoadImageChecked):
    """Read the bytes of a file; :class:`ReadCrop` makes pixels of them.

    Where ``img`` is there already, nothing is read. Arguments and errors are
    those of ``LoadImageChecked``; colour images only.
    """

    def _take(self, results: dict, path: str, content: bytes) -> tuple:
        """Add ``img_bytes`` and ``img_header``; the size (h, w)."""
        header = checked(read_header, path, content)
        results.update(img_bytes=content, img_header=header)
        return header.size


@TRANSFORMS.register_module()
class RandomFlipLabels(RandomFlip):
    """mmpose's RandomFlip before there is an image to flip.

    The random numbers, and what becomes of box and joints, are the same. An
    image that is there is flipped, too.
    """

    def transform(self, results: dict) -> dict:
        """Flip box and joints, and note it in ``flip_direction``."""
        if 'img' in results:
            return super().transform(results)
        # No image, as mmpose writes several: a list of none.
        results = super().transform(dict(results, img=[]))
        del results['img']
        return results


@TRANSFORMS.register_module()
class ReadCrop(TopdownAffine):
    """Read, flip and crop; bit-identical to MMPose at full resolution.

    Args:
        input_size (tuple[int, int]): Size (w, h) of the crop in px.
        sampling (float, optional): ``None`` reads the whole image. With a
            number, as reduced as leaves that many px for a px of the crop: 1
            reduces no crop below its own resolution, by 2 where the box has
            twice the px of the crop. Less is faster and blurs.

    Raises:
        ValueError: If ``sampling`` is not positive.
    """

    def __init__(
        self,
        input_size: Tuple[int, int],
        sampling: Optional[float] = None,
    ):
        super().__init__(input_size=tuple(input_size))
        if sampling is not None and not sampling > 0:
            raise ValueError(f'sampling must be positive, got {sampling}')
        self.sampling = sampling

    def transform(self, results: dict) -> dict:
        """Add ``img`` (h, w, 3) and what ``TopdownAffine`` adds.

        An ``img`` that is there is flipped already.

        Raises:
            KeyError: If neither ``IntegralReadImage`` nor an ``img`` came
                before.
            ValueError: Naming the file, if it is not a whole image.
        """
        image = results.pop('img', None)
        # mmpose warps a list of no images, and everything but images.
        results = super().transform(dict(results, img=[]))
        factor, direction = 1, None
        if image is None:
            factor = self._factor(results)
            direction = results.get('flip_direction')
            content = results.pop('img_bytes')
            del results['img_header']
            image = checked(read_reduced, results['img_path'], content, factor)
        if direction:
            image = cv2.flip(image, _FLIPS[direction])
        offset = _first_pixel(
            factor, results['img_shape'], image.shape, direction
        )
        matrix = get_warp_matrix(
            results['input_center'],
            results['input_scale'],
            results.get('bbox_rotation', [0.0])[0],
            output_size=self.input_size,
        )
        linear = matrix[:, :2]
        matrix = np.column_stack(
            [factor * linear, linear @ offset + matrix[:, 2]]
        )
        results['img'] = cv2.warpAffine(
            image, matrix, self.input_size, flags=cv2.INTER_LINEAR
        )
        return results

    def _factor(self, results: dict) -> int:
        """The largest factor that leaves enough pixels for the crop."""
        if self.sampling is None or not results['img_header'].reducible:
            return 1
        sides = np.asarray(results['input_scale']) / self.input_size
        most = sides.min() / self.sampling
        return max((f for f in FLAGS if f <= most), default=1)


def _first_pixel(
    factor: int, full: tuple, reduced: tuple, direction: Optional[str]
) -> np.ndarray:
    """Where pixel (0, 0) of the flipped reduced image lies: (x, y) in px.

    Flipping x' = W − 1 − x moves the last column to the front, and where the
    factor does not divide W that column reaches over the edge.
    """
    flipped = np.array(
        [direction in ('horizontal', 'diagonal')]
        + [direction in ('vertical', 'diagonal')]
    )
    over = factor * np.array(reduced[1::-1]) - np.array(full[1::-1])
    return (factor - 1) / 2 - over * flipped
