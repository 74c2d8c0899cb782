"""What the page takes, and what its messages show."""

import re
from typing import Optional

from PIL import Image, UnidentifiedImageError

#: A picture of 10 MB can unpack to gigabytes.
MAX_PIXELS = 40_000_000
#: MPO: the JPEG of phones that put a second picture behind the first.
FORMATS = ('JPEG', 'PNG', 'WEBP', 'BMP', 'TIFF', 'MPO')


def check_upload(path: Optional[str]) -> None:
    """Refuse what is no picture, before it is decoded.

    Raises:
        ValueError: Saying what the page takes.
    """
    if not path:
        raise ValueError('Drop a picture first.')
    try:
        with Image.open(path) as image:
            size, kind = image.size, image.format
    except Image.DecompressionBombError as error:
        raise ValueError(
            f'The picture is too large ({error}); at most '
            f'{MAX_PIXELS // 10**6} million are taken: make it smaller.'
        ) from error
    except (UnidentifiedImageError, OSError):
        kind = None
    if kind not in FORMATS:
        raise ValueError(
            'This file is no picture that the page reads: '
            + ', '.join(FORMATS[:-1])
        )
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(
            f'The picture has {size[0]} x {size[1]} pixels; at most '
            f'{MAX_PIXELS // 10**6} million are taken: make it smaller.'
        )


def without_folders(text: str) -> str:
    """A message for visitors: no folder of the server.

    Example:
        >>> without_folders('/tmp/gradio/5f/a.png: is broken')
        'a.png: is broken'
    """
    return re.sub(r'(?<![\w:/])/(?:[^\s/:]+/)+', '', text)
