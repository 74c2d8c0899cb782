"""Loading that names the file it could not load."""

import mmcv
import numpy as np
from mmengine.fileio import get
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImageChecked(LoadImage):
    """mmpose's LoadImage with errors that say which file and what to do.

    A truncated or corrupt file decodes to None (or raises inside OpenCV);
    upstream turns that into an AssertionError, and with ``ignore_empty`` into
    another sample. Arguments are those of ``LoadImage``, without
    ``ignore_empty``.
    """

    def __init__(self, **kwargs):
        if kwargs.pop('ignore_empty', False):
            raise ValueError(
                'LoadImageChecked does not skip images: '
                'ignore_empty must be False'
            )
        super().__init__(**kwargs)

    def transform(self, results: dict) -> dict:
        """Load ``results['img_path']`` unless ``img`` is there already.

        Raises:
            FileNotFoundError: If the file does not exist.
            ValueError: If it is not a whole image.
        """
        if 'img' in results:
            return super().transform(results)
        path = results['img_path']
        try:
            content = get(path, backend_args=self.backend_args)
        except (
            FileNotFoundError,
            IsADirectoryError,
            NotADirectoryError,
        ) as error:
            raise FileNotFoundError(
                f'the image {path} does not exist. Correct data_root and '
                'data_prefix, or complete the data set.'
            ) from error
        image = self._decode(content, path)
        if self.to_float32:
            image = image.astype(np.float32)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _decode(self, content: bytes, path: str) -> np.ndarray:
        try:
            image = mmcv.imfrombytes(
                content, flag=self.color_type, backend=self.imdecode_backend
            )
        except Exception as error:  # every back end has its own kinds
            image, reason = None, f'{type(error).__name__}: {error}'
        else:
            reason = 'the decoder gave nothing'
        if image is None:
            raise ValueError(
                f'the image {path} ({len(content)} bytes) is corrupt or '
                f'truncated ({reason}). Get it again or remove its '
                'annotations.'
            )
        return image
