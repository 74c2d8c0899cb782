"""Open ONNX files on the CPU, with errors that name the file."""

from pathlib import Path
from typing import Optional

from integral_mmpose.geometry import check_counts


def open_session(path: str, threads: Optional[int] = None):
    """Open an ONNX file on the CPU.

    ``threads`` are those of ONNX Runtime; by default it chooses.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no ONNX file, or ``threads`` no number of them.
        ImportError: If onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ImportError(
            'onnxruntime is not installed: pip install onnxruntime'
        ) from error
    if threads is not None:
        check_counts(threads=threads)
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: no such ONNX file')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider']
        )
    except Exception as error:  # its classes are not public
        raise ValueError(
            f'{path}: ONNX Runtime cannot read it ({type(error).__name__}): '
            'export or download it again'
        ) from error
