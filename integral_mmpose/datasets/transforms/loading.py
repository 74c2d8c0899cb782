"""Loading that names the file it could not load."""

from typing import Optional, Tuple

import numpy as np
from mmengine.fileio import get
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from ..decode import decode, require_backend


@TRANSFORMS.register_module()
class LoadImageChecked(LoadImage):
    """mmpose's LoadImage with errors that say which file and what to do.

    A truncated or corrupt file decodes to None (or raises inside OpenCV);
    upstream turns that into an AssertionError, and with ``ignore_empty`` into
    another sample.

    Args:
        imdecode_backend (str): One of ``decode.BACKENDS``. ``'turbojpeg'``
            needs PyTurboJPEG.
        keep_last (bool): Keep the last image, and give a copy of it where the
            next sample is of the same file: test boxes of COCO.
        **kwargs: Of ``LoadImage``, without ``ignore_empty``.

    Raises:
        ValueError: If an argument is unknown.
        ImportError: If the back end is not installed.
    """

    def __init__(
        self,
        imdecode_backend: str = 'cv2',
        keep_last: bool = False,
        **kwargs,
    ):
        if kwargs.pop('ignore_empty', False):
            raise ValueError(
                f'{type(self).__name__} does not skip images: '
                'ignore_empty must be False'
            )
        require_backend(imdecode_backend)
        super().__init__(imdecode_backend=imdecode_backend, **kwargs)
        self.keep_last = keep_last
        self._last: Optional[Tuple[str, np.ndarray]] = None

    def transform(self, results: dict) -> dict:
        """Load ``results['img_path']`` unless ``img`` is there already.

        Raises:
            FileNotFoundError: If the file does not exist.
            ValueError: If it is not a whole image.
        """
        if 'img' in results:
            return super().transform(results)
        path = results['img_path']
        if self._last is not None and self._last[0] == path:
            image = self._last[1].copy()
        else:
            content = read_file(path, self.backend_args)
            image = checked(
                decode, path, content, self.color_type, self.imdecode_backend
            )
            if self.keep_last:
                self._last = path, image.copy()
        if self.to_float32:
            image = image.astype(np.float32)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results


def read_file(path: str, backend_args: Optional[dict] = None) -> bytes:
    """The bytes of an image file.

    Raises:
        FileNotFoundError: If the file does not exist.
    """
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
        reason = 'the decoder gave nothing'
    if result is None:
        raise ValueError(
            f'the image {path} ({len(content)} bytes) is corrupt or '
            f'truncated ({reason}). Get it again or remove its '
            'annotations.'
        )
    return result
