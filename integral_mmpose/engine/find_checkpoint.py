"""The checkpoint that a resumed training continues from."""

import os.path as osp
import re
from pathlib import Path
from typing import Callable, List, Optional, Union

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.runner import BaseLoop

from integral_mmpose.files import write_atomically

from .safe_load import load_from_local

_NAME = re.compile(r'(epoch|iter)_(\d+)\.pth')


def checkpoints_in(folder: Union[str, Path]) -> List[str]:
    """Paths of the checkpoints that can be resumed, the newest first.

    ``last_checkpoint`` names the newest; files with a higher number are of a
    training that was continued from an earlier one. Without such a file, the
    highest number counts: in a copied work directory the path that is noted is
    the original's, which is not taken.
    """
    noted = noted_checkpoint(folder)
    if '://' in noted:
        return [noted]
    kind = osp.basename(noted).split('_')[0] or 'epoch'
    found = [
        (match[1] == kind, int(match[2]), str(path))
        for path in Path(folder).glob('*.pth')
        if (match := _NAME.fullmatch(path.name))
    ]
    own = osp.join(folder, osp.basename(noted))
    paths = [path for *_, path in sorted(found, reverse=True)]
    if not noted:
        return paths
    if own in paths:
        paths = paths[paths.index(own) :]
    elif osp.isfile(own):
        paths.insert(0, own)  # another filename_tmpl
    # A work directory has a `last_checkpoint`, another out_dir has none.
    its_note = osp.join(osp.dirname(noted), 'last_checkpoint')
    if not paths and osp.isfile(noted) and not osp.exists(its_note):
        paths.append(noted)
    return paths


def noted_checkpoint(folder: Union[str, Path]) -> str:
    """What ``last_checkpoint`` says; '' without it."""
    note = Path(folder, 'last_checkpoint')
    if not note.is_file():
        return ''
    # A power cut can leave any bytes: then no file is called so.
    return note.read_text('utf-8', errors='replace').strip()


def note_checkpoint(folder: Union[str, Path], path: str) -> None:
    """Let ``last_checkpoint`` name what to resume, if it does not yet."""
    if osp.abspath(noted_checkpoint(folder)) != osp.abspath(path):
        write_atomically(Path(folder, 'last_checkpoint'), path.encode())


def newest_loadable(
    folder: Union[str, Path], warn: Callable[[str], None]
) -> Optional[str]:
    """The newest checkpoint of a work directory that loads; None without one.

    ``warn`` receives a sentence for each file that is skipped.

    Raises:
        ValueError: If there are checkpoints, and none loads; names them. If
            ``last_checkpoint`` names a file that is gone.
    """
    paths, noted = checkpoints_in(folder), noted_checkpoint(folder)
    errors = []
    names = map(osp.basename, paths)
    if noted and osp.basename(noted) not in names:
        errors.append(f'{noted}, which last_checkpoint names, is gone')
    for path in paths:
        try:
            if '://' not in path:
                load_from_local(path, map_location='cpu')
        except (ValueError, OSError) as error:
            errors.append(str(error))
            continue
        for error in errors:
            warn(f'{error}. Resuming from {path} instead.')
        return path
    start_anew = (
        'To start anew, train with another --work-dir, or remove '
        f'{osp.join(folder, "last_checkpoint")} and the checkpoints.'
    )
    if paths:
        raise ValueError(
            f'no checkpoint in {folder} can be resumed:\n  '
            + '\n  '.join(errors)
            + f'\n{start_anew}'
        )
    if noted:
        fault = (
            'is of another work directory'
            if osp.isfile(noted)
            else 'does not exist'
        )
        raise ValueError(
            f'last_checkpoint in {folder} names {noted}, which {fault}, and '
            f'there is no other checkpoint. {start_anew}'
        )
    return None


def is_of(checkpoint: str, folder: Union[str, Path]) -> bool:
    """Whether a checkpoint lies in a work directory, or in its ``out_dir``."""
    folders = folder, osp.dirname(noted_checkpoint(folder)) or folder
    place = osp.realpath(osp.dirname(osp.expanduser(checkpoint)))
    return place in map(osp.realpath, folders)


def refuse_to_overwrite(
    folder: Union[str, Path], resumed: Optional[str] = None
) -> None:
    """Keep a new training out of a folder that holds checkpoints.

    ``resumed`` is the checkpoint of another folder that it would continue.

    Raises:
        ValueError: Names the newest checkpoint and the ways to go on.
    """
    resumable = checkpoints_in(folder)
    best = sorted(str(path) for path in Path(folder).glob('best_*.pth'))
    if not resumable and not best:
        return
    if resumed:
        raise ValueError(
            f'--resume {resumed}: the file is of another folder than {folder}'
            ', which holds checkpoints of its own training '
            f'({osp.basename((resumable + best)[0])}). Give the --work-dir of '
            'the file, or an empty one.'
        )
    raise ValueError(
        f'{folder} holds checkpoints of an earlier training '
        f'({osp.basename((resumable + best)[0])}), which a new one would '
        f'overwrite. {"Continue it with --resume, or t" if resumable else "T"}'
        'rain with another --work-dir.'
    )


def trains(runner) -> bool:
    """Whether a training begins or resumes.

    Its loop is built from a dict by ``train()`` only. A ``test()`` after a
    ``train()`` of the same runner is no start of a training.
    """
    loop = runner._train_loop
    return isinstance(loop, BaseLoop) and loop.iter == 0


def on_main_process(function: Callable):
    """Call ``function`` on rank 0; all ranks return or raise the same."""
    outcome = [None, None]
    if is_main_process():
        try:
            outcome[0] = function()
        except (ValueError, OSError) as error:
            outcome[1] = error
    broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]
