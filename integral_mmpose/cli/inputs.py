"""Which inputs of the command are images, and which are videos."""

from pathlib import Path
from typing import List, Tuple

from integral_mmpose.inference.sources import is_video, list_images


def sort_inputs(args) -> Tuple[List[str], List[str]]:
    """The images and folders of images among the inputs, and the videos."""
    images, videos = [], []
    for text in map(str, args.inputs):
        as_frames = args.video is not None and Path(text).is_dir()
        (videos if as_frames or is_video(text) else images).append(text)
    return images, videos


def check_inputs(args, videos: List[str]) -> None:
    """Raise ValueError for options that fit none of the inputs."""
    if args.smooth and not videos:
        raise ValueError(
            '--smooth needs a video; --video makes one of a folder of frames'
        )
    if args.max_frames and not videos:
        raise ValueError('--max-frames needs a video')
    folders = [text for text in map(str, args.inputs) if Path(text).is_dir()]
    if args.video is not None and not folders:
        raise ValueError('--video needs a folder of frames')
    for folder in folders:
        if Path(folder).resolve() == Path(args.out).resolve():
            list_images([folder], args.out)  # says why not
