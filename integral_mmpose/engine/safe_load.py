"""Checkpoints are data: load them without running what is in them.

torch loads with ``weights_only=True``, which refuses everything that is not
a tensor or a plain container. mmengine's own checkpoints hold a little more
(the histories of the logger), so torch 2.6 and later refuse them, too. Two
ways out would be holes: ``weights_only=False`` runs any code in the file, and
so does allowing ``getattr``, as torch's message suggests. Importing this
module opens the door exactly as wide as mmengine needs it:

1. :func:`allow_history_buffers` names the classes of a logger history.
   ``HistoryBuffer`` pickles its statistics as ``getattr(HistoryBuffer,
   'mean')``; the stand-in for ``getattr`` answers four such calls.
2. mmengine loads ``http(s)://``, ``torchvision://`` and ``open-mmlab://``
   without ``weights_only``: :func:`load_url` sets it.
3. mmengine's resume executes ``meta['config']`` of the checkpoint as Python:
   the loaders here drop that entry (mmengine itself writes none).
"""

import _codecs
import os
import os.path as osp
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import urlparse

import mmengine.runner.checkpoint as mmengine_checkpoint
import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from .old_torch import allow_globals

PACKAGE = Path(__file__).resolve().parents[1]
#: torch goes on with how to switch its protection off.
_REFUSED = 'Weights only load failed.'
_STATISTICS = ('min', 'max', 'mean', 'current')
_MULTIARRAY = ('numpy.core.multiarray', 'numpy._core.multiarray')


def allow_history_buffers() -> List[Any]:
    """Let ``weights_only`` read mmengine's logger histories, nothing else.

    Returns:
        list: What was added to torch's list.
    """
    multiarray = (
        np.core.multiarray if np.__version__ < '2' else np._core.multiarray
    )
    allowed = [HistoryBuffer, np.ndarray, np.dtype]
    allowed.append(_codecs.encode)  # bytes; torch 2.5 has it in its own list
    allowed += [type(np.dtype(name)) for name in ('f8', 'f4', 'i8', 'u1')]
    for module in _MULTIARRAY:
        for name in ('_reconstruct', 'scalar'):
            allowed.append(_alias(getattr(multiarray, name), module, name))
    allowed.append(_alias(_history_getattr, 'builtins', 'getattr'))
    if hasattr(torch.serialization, 'add_safe_globals'):
        torch.serialization.add_safe_globals(allowed)
    else:
        allow_globals(torch._weights_only_unpickler, allowed)
    return allowed


def weights_only() -> bool:
    """True, unless the user has switched off torch's protection, too.

    Checkpoints of other plugins may need that.
    """
    value = os.environ.get('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '0')
    return value not in ('1', 'y', 'yes', 'true')


def load_url(
    url: str,
    model_dir: Optional[str] = None,
    file_name: Optional[str] = None,
    **kwargs,
) -> Dict[str, Any]:
    """``torch.hub.load_state_dict_from_url`` with ``weights_only=True``.

    Raises:
        ValueError: If the downloaded file is damaged; names it.
    """
    kwargs['weights_only'] = weights_only()
    checkpoint = torch.hub.load_state_dict_from_url(
        url, model_dir, file_name=file_name, **kwargs
    )
    path = osp.join(
        model_dir or osp.join(torch.hub.get_dir(), 'checkpoints'),
        file_name or osp.basename(urlparse(url).path),
    )
    try:
        check_archive(path)
    except zipfile.BadZipFile as error:
        raise ValueError(
            f'checkpoint {path}, downloaded from {url}: {error}. Remove it, '
            'and it is downloaded again'
        ) from error
    return without_code(checkpoint)


def load_from_local(filename: str, map_location=None) -> Dict[str, Any]:
    """mmengine's loader of local files with ``weights_only=True``.

    Raises:
        FileNotFoundError: If there is no such file, see :func:`require_file`.
        ValueError: If the file is damaged or no checkpoint; names it.
    """
    filename = osp.expanduser(filename)
    require_file(filename)
    try:
        check_archive(filename)
        checkpoint = without_code(
            torch.load(
                filename,
                map_location=map_location,
                weights_only=weights_only(),
            )
        )
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes raise anything
        first = str(error).strip().split('\n')[0]
        first = _REFUSED if first.startswith(_REFUSED) else first
        raise ValueError(
            f'checkpoint {filename} cannot be read: '
            f'{type(error).__name__}: {first}'
        ) from error
    check_content(checkpoint, filename)
    return checkpoint


def check_content(checkpoint: Any, filename: str) -> None:
    """Check the form that mmengine and its hooks take for granted.

    Raises:
        ValueError: Names the file and what is wrong in it.
    """
    problem = None
    if not isinstance(checkpoint, dict):
        problem = f'holds a {type(checkpoint).__name__}, not a dict of weights'
    elif not isinstance(checkpoint.get('meta') or {}, dict):
        problem = f'has a {type(checkpoint["meta"]).__name__} as `meta`'
    elif not isinstance(checkpoint.get('state_dict', {}), dict):
        kind = type(checkpoint['state_dict']).__name__
        problem = f'has a {kind} as `state_dict`'
    else:
        for name, value in checkpoint.get('state_dict', {}).items():
            if not isinstance(value, torch.Tensor):
                kind = type(value).__name__
                problem = f'has a {kind} as the weight {name}'
    if problem:
        raise ValueError(
            f'checkpoint {filename} {problem}. Point to a checkpoint that '
            'mmengine or torch has written for this model'
        )


def require_file(filename: str) -> None:
    """Check that a checkpoint exists.

    Raises:
        FileNotFoundError: If it does not. For the checkpoint of a stock
            config in its default work dir, names the config to train first.
    """
    if osp.isfile(filename):
        return
    folder = osp.basename(osp.dirname(filename))
    configs = [
        path
        for root in (PACKAGE.parent / 'configs', PACKAGE / '.mim/configs')
        for path in sorted(root.rglob('*.py'))
        if path.stem == folder
    ]
    advice = (
        f': train the config {configs[0]} first, from {os.getcwd()}, or set '
        'load_from='
        if configs
        else ''
    )
    raise FileNotFoundError(f'checkpoint {filename} does not exist{advice}')


def check_archive(filename: str) -> None:
    """Compare the content of a torch archive with its CRC-32.

    Files before torch 1.6 are no archives, and some writers leave all sums 0
    (``torch.serialization.set_crc32_options``): nothing is compared then.

    Raises:
        zipfile.BadZipFile: If they differ; names the member.
    """
    if not zipfile.is_zipfile(filename):
        return
    with zipfile.ZipFile(filename) as archive:
        summed = any(member.CRC for member in archive.infolist())
        member = archive.testzip() if summed else None
    if member:
        raise zipfile.BadZipFile(
            f'{member} differs from its checksum, the file is damaged'
        )


def without_code(checkpoint: Any) -> Any:
    """Drop ``meta['config']``, which mmengine's resume would execute."""
    if isinstance(checkpoint, dict) and isinstance(
        checkpoint.get('meta'), dict
    ):
        checkpoint['meta'].pop('config', None)
    return checkpoint


def install() -> None:
    """Put the safe loaders in the place of mmengine's."""
    allow_history_buffers()
    mmengine_checkpoint.load_url = load_url
    mmengine_checkpoint.CheckpointLoader.register_scheme(
        '', load_from_local, force=True
    )


def _history_getattr(owner: Any, name: str) -> Callable:
    """What ``getattr`` may do in a checkpoint: four methods of one class."""
    if owner is HistoryBuffer and name in _STATISTICS:
        return getattr(HistoryBuffer, name)
    raise ValueError(
        f'the checkpoint asks for attribute {name!r} of '
        f'{owner!r}: this is not a checkpoint of mmengine, and '
        'may be an attack. Do not load it.'
    )


def _alias(function: Callable, module: str, name: str) -> Callable:
    """A function that torch's unpickler finds as ``module.name``."""

    def alias(*args):
        return function(*args)

    alias.__module__, alias.__qualname__, alias.__name__ = module, name, name
    return alias


install()
