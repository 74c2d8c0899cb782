"""Check the uploads of the page, and clean its messages."""

import re
from typing import Optional

from integral_mmpose.inference.images import open_picture

#: An image of 10 MB can unpack to gigabytes.
MAX_PIXELS = 40_000_000
#: MPO: the JPEG of phones that put a second image behind the first.
FORMATS = ('JPEG', 'PNG', 'WEBP', 'BMP', 'TIFF', 'MPO')


def check_upload(path: Optional[str]) -> None:
    """Raise ValueError if an upload is no image, or a too large one."""
    if not path:
        raise ValueError('Drop an image first.')
    try:
        with open_picture(path) as image:
            size, kind = image.size, image.format
    except OSError:
        kind = None
    if kind not in FORMATS:
        raise ValueError(
            'This file is not a supported image. Supported formats: '
            + ', '.join(FORMATS[:-1])
        )
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(
            f'The image has {size[0]} x {size[1]} pixels. The limit is '
            f'{MAX_PIXELS // 10**6} million pixels. Scale it down.'
        )


def without_folders(text: str) -> str:
    """Remove the server's folders from a message for visitors.

    Example:
        >>> without_folders('/tmp/gradio/5f/a.png: is broken')
        'a.png: is broken'
    """
    return re.sub(r'(?<![\w:/])/(?:[^\s/:]+/)+', '', text)
