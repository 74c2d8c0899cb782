"""Which versions of the OpenMMLab packages this package works with.

The onedl forks (onedl-mmengine, onedl-mmcv, onedl-mmdetection, onedl-mmpose)
have the same import names and are told apart by nothing but their versions.
"""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, NamedTuple, Optional, Tuple


class Range(NamedTuple):
    """Versions ``lowest`` <= version < ``below``."""

    lowest: str
    below: str


# Tested are the versions of requirements/constraints.txt; below these lower
# ends mmpose itself refuses its parts.
REQUIRED: Dict[str, Range] = {
    'mmengine': Range('0.8.0', '1.0.0'),
    'mmcv': Range('2.0.1', '3.0.0'),
    'mmdet': Range('3.0.0', '4.0.0'),
    'mmpose': Range('1.2.0', '2.0.0'),
}


def check_versions(required: Optional[Dict[str, Range]] = None) -> bool:
    """Check the installed OpenMMLab packages against the ranges.

    Returns:
        bool: Whether MMPose and all it needs are installed.

    Raises:
        ImportError: If one is installed in a version outside its range, or
            if MMPose is installed and one of its parts is not.
    """
    required = REQUIRED if required is None else required
    found = {name: installed_version(name) for name in required}
    if found.get('mmpose') is None:
        return False
    for name, wanted in required.items():
        _check_one(name, found[name], wanted)
    _check_pairs(required)
    return True


def installed_version(name: str) -> Optional[str]:
    """The ``__version__`` in a package's version.py, without importing it.

    Importing would run the packages' own asserts first, whose messages name
    neither this package nor the fix; metadata would be under another name
    in the forks.
    """
    spec = find_spec(name)
    if spec is None or not spec.origin:
        return None
    text = (Path(spec.origin).parent / 'version.py').read_text('utf-8')
    match = re.search(r'__version__\s*=\s*[\'"]([^\'"]+)', text)
    return match.group(1) if match else '0'


def version_key(version: str) -> Tuple[int, ...]:
    """The release numbers: '2.1.0rc4+cu118' -> (2, 1, 0).

    Example:
        >>> version_key('2.1.0rc4') < version_key('2.2')
        True
    """
    release = re.match(r'\d+(\.\d+)*', version)
    numbers = (
        [int(part) for part in release.group().split('.')] if release else [0]
    )
    return tuple((numbers + [0, 0, 0])[:3])


def _check_one(name: str, version: Optional[str], wanted: Range) -> None:
    text = f'>={wanted.lowest},<{wanted.below}'
    if version is None:
        raise ImportError(
            f'integral_mmpose needs {name}{text}, which is not installed '
            f"beside mmpose. Run: pip install '{name}{text}'"
        )
    key = version_key(version)
    if not version_key(wanted.lowest) <= key < version_key(wanted.below):
        raise ImportError(
            f'integral_mmpose needs {name}{text}, but {version} is installed.'
            f" Run: pip install '{name}{text}'"
        )


def _check_pairs(names: Dict[str, Range]) -> None:
    """The packages' own opinion of each other, as a readable error.

    mmdet 3.3 refuses mmcv >= 2.2 by an ``assert``, which mmpose's guard
    against a missing mmdet does not catch.
    """
    for name in names:
        try:
            import_module(name)
        except AssertionError as error:
            raise ImportError(
                f'the installed {name} refuses its parts: '
                f'{error} See requirements/constraints.txt for '
                'versions that work together.'
            ) from error
    if 'mmcv' in names and find_spec('mmcv._ext') is None:
        raise ImportError(
            'mmcv is installed without its compiled operators (mmcv-lite), '
            'which mmpose needs. Run: MMCV_WITH_OPS=1 pip install '
            '--no-build-isolation mmcv==2.1.0'
        )
