"""Configs of the tests."""

from mmengine.config import Config


def read_config(path):
    """Config.fromfile, printed without yapf: half of a short training's time.

    mmengine 0.10 has the option, and its fromfile forgets it.
    """
    cfg = Config.fromfile(path)
    object.__setattr__(cfg, '_format_python_code', False)
    return cfg
