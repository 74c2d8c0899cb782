"""Which versions of the OpenMMLab packages this package works with.

The onedl forks (onedl-mmengine, onedl-mmcv, onedl-mmdetection) have the same
import names and other versions. mmcv and mmcv-lite share a folder, too.
"""

import re
import runpy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Optional

# Tested are the versions of requirements/constraints.txt; below these lower
# ends mmpose itself refuses its parts.
REQUIRED = {
    'mmengine': '>=0.8.0,<1.0.0',
    'mmcv': '>=2.0.1,<3.0.0',
    'mmdet': '>=3.0.0,<4.0.0',
    'mmpose': '>=1.2.0,<2.0.0',
}

# Distributions with the same import name.
TWINS = (
    ('mmcv', 'mmcv-lite', 'onedl-mmcv'),
    ('mmengine', 'onedl-mmengine'),
    ('mmdet', 'onedl-mmdetection'),
)


def check_versions() -> bool:
    """Check the installed OpenMMLab packages against the ranges.

    Returns:
        bool: Whether MMPose and all it needs are installed.

    Raises:
        ImportError: If one is installed in a version outside its range, if
            MMPose is installed and one of its parts is not, or if another
            package has the name of one.
    """
    if installed_version('mmpose') is None:
        return False
    for name, wanted in REQUIRED.items():
        _check_one(name, installed_version(name), wanted)
    _check_twins()
    _check_leaves()
    return True


def check_imports() -> None:
    """Import the packages, with their own opinion of each other.

    mmdet 3.3 refuses mmcv >= 2.2 by an ``assert``, which mmpose's guard
    against a missing mmdet does not catch.

    Raises:
        ImportError: If one refuses another.
    """
    for name in REQUIRED:
        try:
            import_module(name)
        except AssertionError as error:
            raise ImportError(
                f'the installed {name} does not accept the packages that it '
                f'needs: {error} See requirements/constraints.txt for '
                'versions that work together.'
            ) from error


def installed_version(name: str) -> Optional[str]:
    """The ``__version__`` of a package's version.py, without the package.

    Importing the package would run its own asserts first, whose messages
    name neither this package nor the fix; metadata is under another name in
    the forks, whose version.py asks for it.
    """
    spec = find_spec(name)
    if spec is None or not spec.origin:
        return None
    path = Path(spec.origin).with_name('version.py')
    if spec.submodule_search_locations is None or not path.is_file():
        place = path.parent if spec.submodule_search_locations else spec.origin
        raise ImportError(
            f'{place} is imported as {name} and has no version.py: '
            f'rename it, or install {name} again'
        )
    return runpy.run_path(str(path))['__version__']


def _check_one(name: str, version: Optional[str], wanted: str) -> None:
    # Of matplotlib, which MMPose needs; functional alone does without.
    from packaging.specifiers import SpecifierSet

    if version is None:
        raise ImportError(
            f'integral_mmpose needs {name}{wanted}, which is not installed '
            f"beside mmpose. Run: pip install '{name}{wanted}'"
        )
    release = re.match(r'\d+(\.\d+)*', version)  # '2.1.0-dirty', too
    if not (release and release[0] in SpecifierSet(wanted)):
        raise ImportError(
            f'integral_mmpose needs {name}{wanted}, but {version} is '
            f"installed. Run: pip install '{name}{wanted}'"
        )


def _check_twins() -> None:
    """Two distributions of one import name overwrite each other's files."""
    from importlib.metadata import distributions  # slow to import

    for twins in TWINS:
        both = [name for name in twins if any(distributions(name=name))]
        if len(both) > 1:
            raise ImportError(
                f'{" and ".join(both)} are installed, and share one folder. '
                f'Run: pip uninstall {" ".join(both)}; then install one of '
                'them'
            )


def _check_leaves() -> None:
    """Two packages of the hosts that are often there and do not work."""
    if find_spec('pkg_resources') is None:
        raise ImportError(
            'mmengine needs pkg_resources, which setuptools 81 dropped. '
            "Run: pip install 'setuptools<81'"
        )
    try:
        import_module('xtcocotools.mask')
    except ModuleNotFoundError:
        return  # mmpose names it
    except (ImportError, ValueError) as error:
        raise ImportError(
            f'xtcocotools was built for another numpy ({error}). Run: pip '
            "install 'numpy<2', or make setup, which builds it again"
        ) from error
