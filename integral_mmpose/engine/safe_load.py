"""Checkpoints are data: load them without running what is in them.

torch loads with ``weights_only=True``, which refuses everything that is not
a tensor or a plain container. mmengine's own checkpoints hold a little more
(the histories of the logger), so torch 2.6 and later refuse them, too. Two
ways out would be holes: ``weights_only=False`` runs any code in the file, and
so does allowing ``getattr``, as torch's message suggests. :func:`install`
allows exactly what mmengine needs:

1. :mod:`.history_globals` names the classes of a logger history, with
   stand-ins that hold numbers only. ``HistoryBuffer`` pickles its statistics
   as ``getattr(HistoryBuffer, 'mean')``; four such calls are answered.
2. mmengine loads ``http(s)://``, ``torchvision://`` and ``open-mmlab://``
   without ``weights_only``: :func:`load_url` sets it.
3. mmengine's resume executes ``meta['config']`` of the checkpoint as Python:
   the loaders here drop that entry (mmengine itself writes none).
"""

import hashlib
import io
import logging
import os
import os.path as osp
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Dict, Optional
from urllib.parse import urlparse

import mmengine.runner.checkpoint as mmengine_checkpoint
import torch
from mmengine.logging import print_log

from .history_globals import allow_history_buffers

PACKAGE = Path(__file__).resolve().parents[1]
#: torch goes on with how to switch its protection off.
_REFUSED = 'Weights only load failed.'


def weights_only() -> bool:
    """True, unless the user has switched off torch's protection, too.

    Checkpoints of other plugins may need that.
    """
    value = os.environ.get('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '0')
    return value not in ('1', 'y', 'yes', 'true')


def load_url(
    url: str,
    model_dir: Optional[str] = None,
    map_location=None,
    progress: bool = True,
) -> Dict[str, Any]:
    """``torch.hub.load_state_dict_from_url`` with ``weights_only=True``.

    The arguments are those that mmengine gives.

    Raises:
        ValueError: If the downloaded file is damaged or no checkpoint; names
            the file and its URL.
    """
    path = osp.join(
        model_dir or osp.join(torch.hub.get_dir(), 'checkpoints'),
        osp.basename(urlparse(url).path),
    )
    if not osp.isfile(path):
        os.makedirs(osp.dirname(path), exist_ok=True)
        torch.hub.download_url_to_file(url, path, progress=progress)
    try:
        return load_from_local(path, map_location)
    except ValueError as error:
        raise ValueError(
            f'{error}. It was downloaded from {url}. Delete it to download it '
            'again'
        ) from error


def load_from_local(filename: str, map_location=None) -> Dict[str, Any]:
    """mmengine's loader of local files with ``weights_only=True``.

    Raises:
        FileNotFoundError: If there is no such file, see :func:`require_file`.
        ValueError: If the file is damaged or no checkpoint; names it, and the
            fix.
    """
    filename = osp.expanduser(filename)
    require_file(filename)
    try:
        summed = check_archive(filename)
        checkpoint = torch.load(
            filename, map_location=map_location, weights_only=weights_only()
        )
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes raise anything
        first = str(error).strip().split('\n')[0]
        first = _REFUSED if first.startswith(_REFUSED) else first
        raise ValueError(
            f'checkpoint {filename} cannot be read: '
            f'{type(error).__name__}: {first.rstrip(".")}. Take another copy '
            'of it, or name a checkpoint of torch'
        ) from error
    check_content(checkpoint, filename)
    # mmengine's resume would execute it.
    (checkpoint.get('meta') or {}).pop('config', None)
    if not summed:
        warn_without_checksum(filename)
    return checkpoint


def check_content(checkpoint: Any, filename: str) -> None:
    """Check the form that mmengine and its hooks take for granted.

    Raises:
        ValueError: Names the file and what is wrong in it.
    """

    def require(value, kind: type, verb: str, place: str) -> None:
        if not isinstance(value, kind):
            raise ValueError(
                f'checkpoint {filename} {verb} a {type(value).__name__}'
                f'{place}. Point to a checkpoint that mmengine or torch has '
                'written for this model'
            )

    require(checkpoint, dict, 'holds', ', not a dict of weights')
    require(checkpoint.get('meta') or {}, dict, 'has', ' as `meta`')
    weights = checkpoint.get('state_dict', {})
    require(weights, dict, 'has', ' as `state_dict`')
    for name, value in weights.items():
        require(value, torch.Tensor, 'has', f' as the weight {name}')


def require_readable(metainfo: Dict[str, Any]) -> None:
    """Check what a checkpoint holds of a data set, before it is written.

    Raises:
        ValueError: Names a key whose value could not be read back.
    """
    for key, value in metainfo.items():
        file = io.BytesIO()
        try:
            torch.save(value, file)
            file.seek(0)
            torch.load(file, weights_only=weights_only())
        except Exception as error:  # of the module that is not to be imported
            raise ValueError(
                f'metainfo of the training data: {key!r} holds what cannot be '
                'read back from a checkpoint. Use numbers, texts, lists, '
                'dicts, or arrays of float or int64'
            ) from error


def require_file(filename: str) -> None:
    """Check that a checkpoint exists.

    Raises:
        FileNotFoundError: If it does not. For the checkpoint of a stock
            config in its default work dir, names the config to train first.
    """
    if osp.isfile(filename):
        return
    if osp.isdir(filename):
        raise FileNotFoundError(
            f'checkpoint {filename} is a folder: name a file in it (a '
            'training continues its newest with --work-dir and --resume)'
        )
    folder = osp.basename(osp.dirname(filename))
    configs = [
        path
        for root in (PACKAGE.parent / 'configs', PACKAGE / '.mim/configs')
        for path in sorted(root.rglob('*.py'))
        if path.stem == folder
    ]
    advice = ''
    if configs:
        advice = (
            f': train the config {configs[0]} first, from {os.getcwd()}, or '
            'set load_from='
        )
    raise FileNotFoundError(f'checkpoint {filename} does not exist{advice}')


def check_archive(filename: str) -> bool:
    """Compare a file with its CRC-32, and refuse what may hold programs.

    Files before torch 1.6 are no archives, and some writers leave all sums 0
    (``torch.serialization.set_crc32_options``): nothing is compared then.
    torch before 2.6 runs TorchScript and unpacks tar files even with
    ``weights_only`` (CVE-2025-32434).

    Returns:
        bool: Whether it has sums.

    Raises:
        zipfile.BadZipFile: If the sums differ; names the member.
        ValueError: If it is TorchScript or a tar file.
    """
    if not zipfile.is_zipfile(filename):
        if weights_only() and tarfile.is_tarfile(filename):
            raise ValueError(f'{filename} is a tar file, no checkpoint')
        return False
    with zipfile.ZipFile(filename) as archive:
        members = archive.infolist()
        if weights_only() and any(
            osp.basename(member.filename) == 'constants.pkl'
            for member in members
        ):
            raise ValueError(f'{filename} is TorchScript, no checkpoint')
        summed = any(member.CRC for member in members)
        member = archive.testzip() if summed else None
    if member:
        raise zipfile.BadZipFile(
            f'{member} differs from its checksum, the file is damaged'
        )
    return summed


def warn_without_checksum(filename: str) -> None:
    """Say that damage would go unnoticed, unless the name has the hash.

    ``resnet50-19c8e357.pth``: the beginning of the file's SHA-256.
    """
    named = re.search(r'-([0-9a-f]{8,64})\b', osp.basename(filename))
    if named:
        digest = hashlib.sha256(Path(filename).read_bytes()).hexdigest()
        if digest.startswith(named[1]):
            return
    print_log(
        f'checkpoint {filename} has no checksum, as files of torch before '
        '1.6: a damaged one loads unnoticed. Compare it with its source, and '
        'save it again with torch.save',
        'current',
        logging.WARNING,
    )


def install() -> None:
    """Replace mmengine's loaders, in the whole process."""
    allow_history_buffers()
    mmengine_checkpoint.load_url = load_url
    mmengine_checkpoint.CheckpointLoader.register_scheme(
        '', load_from_local, force=True
    )
