"""The config beside checkpoints stays that of their training."""

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator


@contextmanager
def kept_config(cfg) -> Iterator[None]:
    """Put the config of a folder back, unless a checkpoint was saved.

    mmengine writes the config of every start into the work directory: that of
    a test, and that of a training that is refused because it would continue
    the checkpoints with other settings.
    """
    path = Path(cfg.work_dir, Path(cfg.filename).name)
    note = Path(cfg.work_dir, 'last_checkpoint')
    saved = os.stat(note).st_mtime_ns if note.is_file() else None
    before = path.read_bytes() if saved and path.is_file() else None
    try:
        yield
    finally:
        if before is not None and os.stat(note).st_mtime_ns == saved:
            path.write_bytes(before)
