"""Convert the PoseNet form of Human3.6M to the files for training.

    python tools/dataset_converters/h36m_from_posenet.py ROOT --out data/h36m

ROOT has annotations/Human36M_subject*_{data,camera,joint_3d}.json and images/.
Writes OUT/annotations/h36m_{train,test}.npz and cameras.json, and OUT/images
under the names of the archives: hard links, which take no space, or what
--link says. The annotations are written last; a second run makes the links
that are missing.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np

from h36m.names import SUBJECTS, Recording, add_choices, recordings
from h36m.posenet import Image, Subject, read_subject, world_joints
from h36m.rows import Rows, Steps, check_poses, write_annotations
from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.datasets.body.h36m_files import make_rows
from integral_mmpose.files import made_beside

LINKS = dict(hard=os.link, symbolic=os.symlink, copy=shutil.copyfile)


def chosen(images: List[Image], frames: range, path: str, name: str):
    """The images of some frames, all of which must be there."""
    by_frame = {image.frame: image for image in images}
    missing = [frame for frame in frames if frame not in by_frame]
    if missing:
        raise ValueError(
            f'{path}: id {name}: field `frame_idx` {missing[0]} is missing '
            f'(and {len(missing) - 1} others of {len(frames)}). Choose '
            '--train-step and --test-step that the download has, or download '
            'all of it.'
        )
    return [by_frame[frame] for frame in frames]


def convert_recording(subject: Subject, recording: Recording, steps: Steps):
    """The rows of a recording by split, and the images that they need."""
    images = subject.images[recording]
    camera = subject.cameras[recording.camera]
    splits, needed = {}, {}
    frames = steps.frames(recording, images[-1].frame + 1)
    for split, numbers in frames.items():
        picked = chosen(images, numbers, subject.data_file, recording.name)
        points = camera.to_camera(world_joints(subject, recording, picked))
        files = [image.file_name for image in picked]
        ids = [image.id for image in picked]
        if (points[..., 2] > 0).all():
            pixels = camera.project(points)[..., :2]
        else:
            pixels = np.zeros((*points.shape[:2], 2))
        check_poses(files, pixels, points, camera, subject.joint_file, ids)
        names = [recording.image(frame) for frame in numbers]
        splits[split] = make_rows(names, pixels, points / 1000)
        needed.update({image.frame: image for image in picked})
    return splits, needed


def link_images(
    root: str, out: str, recording: Recording, needed: Dict, link: str
) -> int:
    """Put the images where the annotations expect them; gives how many."""
    made = 0
    for frame, image in needed.items():
        source = Path(root, 'images', image.file_name).absolute()
        target = Path(out, 'images', recording.image(frame))
        if not source.is_file():
            raise FileNotFoundError(
                f'{source} does not exist, but image id {image.id} names it. '
                'Unpack the images, or leave the subject out (--subjects).'
            )
        if target.exists():
            if source.stat().st_size != target.stat().st_size:
                raise OSError(
                    f'{target} is there and is not {source}. Choose an empty '
                    '--out, or delete the images in it.'
                )
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with made_beside(target) as temporary:
                LINKS[link](source, temporary)
        except OSError as error:
            raise OSError(
                f'{source}: no {link} link to {target} can be made '
                f'({error.strerror}). Choose another --link: {list(LINKS)}.'
            ) from error
        made += 1
    return made


def convert(args: argparse.Namespace) -> None:
    steps = Steps(args.train_step, args.test_step)
    parts: Dict[str, List[Rows]] = dict(train=[], test=[])
    cameras, new = {}, 0
    for name in SUBJECTS:
        if name not in args.subjects:
            continue
        subject = read_subject(args.root, name, args.actions)
        for recording in recordings([name], args.actions):
            if left_out(recording, subject, args):
                continue
            rows, needed = convert_recording(subject, recording, steps)
            new += link_images(
                args.root, args.out, recording, needed, args.link
            )
            for split, part in rows.items():
                parts[split].append(part)
        cameras[name] = {
            id_: camera.as_json() for id_, camera in subject.cameras.items()
        }
        print(f'{name}: {len(subject.images)} recordings', flush=True)
    print(f'{new} images new in {Path(args.out, "images")}')
    write_annotations(args.out, parts, cameras)


def left_out(
    recording: Recording, subject: Subject, args: argparse.Namespace
) -> bool:
    """Whether a recording is left out, by request or as in every download."""
    if args.skip_damaged_s9 and recording.damaged_truth:
        print(f'left out, damaged truth: {recording.name}')
        return True
    if recording in subject.images:
        return False
    if recording.broken:
        print(f'left out, no video in this form: {recording.name}')
        return True
    raise ValueError(
        f'{subject.data_file}: id {recording.name}: field `images` has none '
        f'of {recording.subject}, {recording.action}, trial '
        f'{recording.trial}, camera {recording.camera}. Download the file '
        'again, or leave it out (--subjects, --actions).'
    )


@reports_errors
def main(argv: Optional[List[str]] = None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument('root', help='folder with annotations/ and images/')
    parser.add_argument('--out', required=True, help='the h36m folder')
    add_choices(parser)
    parser.add_argument('--link', choices=list(LINKS), default='hard')
    convert(parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
