"""The small Human3.6M folder of the data sets' tests."""

import importlib.util
from pathlib import Path

_path = Path(__file__).resolve().parents[1] / 'test_datasets/conftest.py'
_spec = importlib.util.spec_from_file_location('datasets_conftest', _path)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
h36m = _module.h36m
