"""The widely shared PoseNet form of Human3.6M: COCO-like JSON and frames.

    annotations/Human36M_subject9_data.json      images, annotations
    annotations/Human36M_subject9_camera.json    {"1": {R, t, f, c}}
    annotations/Human36M_subject9_joint_3d.json  {action: {trial: {frame:
                                                 17 × 3 in world mm}}}
    images/s_09_act_02_subact_01_ca_01/s_09_act_02_subact_01_ca_01_000001.jpg

Pixels are projected without distortion, because the files have none: up to
2.5 px from the archives' in four frames that were compared.

Convention: ``frame_idx`` counts from 0, file names from 1. ``t`` is the place
of the camera, x = R (X − t), in the first files, and a translation,
x = R X + t, in later ones: the one is taken that puts the joints into the
images.
"""

import os.path as osp
import re
from collections import defaultdict
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from integral_mmpose.datasets.checks import (
    LIST,
    WHOLE,
    annotation_error,
    check_fields,
    float_field,
    load_json,
    require_file,
    require_root,
    shown,
)
from integral_mmpose.geometry import CalibratedCamera

from .names import ACTIONS, CAMERA_IDS, FIRST_ACTION, Recording, trial_name
from .rows import read_camera

DOWNLOAD = 'Download it again, or leave the subject out (--subjects).'
NUMBERS = ('subject', 'action_idx', 'subaction_idx', 'cam_idx', 'frame_idx')
#: So many frames of a camera tell what its `t` means.
TRIED_FRAMES = 50

_FILE = re.compile(
    r's_(\d+)_act_(\d+)_subact_(\d+)_ca_(\d+)_(\d+)\.\w+$', re.ASCII
)


class Image(NamedTuple):
    """An image of a recording; ``id`` is the file's."""

    id: int
    file_name: str
    frame: int
    size: Tuple[int, int]


class Subject(NamedTuple):
    """The files of one subject.

    ``images`` by recording in the order of frames; ``joints`` as in the file;
    ``cameras`` by camera id.
    """

    data_file: str
    images: Dict[Recording, List[Image]]
    joints: dict
    joint_file: str
    cameras: Dict[str, CalibratedCamera]


def read_subject(root: str, subject: str, actions: Sequence[str]) -> Subject:
    """Read the three files of a subject, such as 'S9'."""
    require_root(root, 'PoseNet form of Human3.6M')
    stem = osp.join(root, 'annotations', f'Human36M_subject{subject[1:]}_')
    for part in ('data', 'camera', 'joint_3d'):
        require_file(f'{stem}{part}.json', f'{part} of {subject}', DOWNLOAD)
    data_file = f'{stem}data.json'
    content = load_json(data_file, f'the images of {subject}', dict)
    images = _images(content, data_file, subject, actions)
    del content  # 2 GB of a real subject
    joint_file = f'{stem}joint_3d.json'
    joints = load_json(joint_file, f'the 3D joints of {subject}', dict)
    sizes = _sizes(images, data_file)
    camera_file = f'{stem}camera.json'
    cameras = _cameras(camera_file, subject, sizes)
    found = Subject(data_file, images, joints, joint_file, cameras)
    placed = {id_: _place(found, id_, camera_file) for id_ in cameras}
    return found._replace(cameras=placed)


def world_joints(
    subject: Subject, recording: Recording, images: Sequence[Image]
) -> np.ndarray:
    """The joints of some images, (n, 17, 3) world mm."""
    action = str(ACTIONS.index(recording.action) + FIRST_ACTION)
    file, poses, frames = subject.joint_file, [], subject.joints
    trial = f'{action}/{recording.trial}'
    for key, where in ((action, action), (str(recording.trial), trial)):
        frames = frames.get(key, {})
        if not isinstance(frames, dict):
            problem = f'must be in a dict, got {shown(frames)}'
            raise annotation_error(file, where, 'joints', problem, DOWNLOAD)
    for image in images:
        where = f'{trial}/{image.frame}'
        pose = frames.get(str(image.frame))
        if pose is None:
            problem = (
                f'is missing, but {image.file_name} (image id {image.id}) '
                'shows that frame'
            )
            fix = 'Take data and joint_3d of the same download.'
            raise annotation_error(file, where, 'joints', problem, fix)
        poses.append(float_field(pose, file, where, 'joints', (17, 3)))
    return np.array(poses, np.float64).reshape(-1, 17, 3)


def _images(content: dict, path: str, subject: str, actions: Sequence[str]):
    check_fields(content, dict(images=LIST), path, 'all', DOWNLOAD)
    images, ids = defaultdict(list), set()
    for entry in content['images']:
        recording, image = _image(entry, path, subject)
        if image.id in ids:
            problem = 'is that of two images'
            raise annotation_error(path, image.id, 'id', problem, DOWNLOAD)
        ids.add(image.id)
        if recording.action in actions:
            images[recording].append(image)
    for recording, sequence in images.items():
        sequence.sort(key=lambda image: image.frame)
        frames = [image.frame for image in sequence]
        if len(set(frames)) < len(frames):
            raise ValueError(
                f'{path}: two images of one frame of {recording.name}. '
                + DOWNLOAD
            )
    return dict(images)


def _image(entry, path: str, subject: str) -> Tuple[Recording, Image]:
    id_ = entry.get('id', 'unknown') if isinstance(entry, dict) else 'unknown'
    fields = ('id', 'width', 'height', *NUMBERS)
    check_fields(entry, dict.fromkeys(fields, WHOLE), path, id_, DOWNLOAD)
    values = [entry[field] for field in NUMBERS]
    named = _FILE.search(str(entry.get('file_name')))
    parts = [int(n) for n in named.groups()] if named else []
    if parts != values[:4] + [values[4] + 1]:
        problem = f'{entry.get("file_name")} is not the one of {dict(entry)}'
        raise annotation_error(path, id_, 'file_name', problem, DOWNLOAD)
    number, action, trial, camera, frame = values
    if (
        f'S{number}' != subject
        or not 0 <= action - FIRST_ACTION < len(ACTIONS)
        or trial not in (1, 2)
        or not 1 <= camera <= len(CAMERA_IDS)
    ):
        problem = (
            f'{number}, action {action}, trial {trial}, camera {camera} is '
            f'no recording of {subject}'
        )
        raise annotation_error(path, id_, 'subject', problem, DOWNLOAD)
    action = ACTIONS[action - FIRST_ACTION]
    base = trial_name(subject, action, trial)
    recording = Recording(subject, action, trial, base, CAMERA_IDS[camera - 1])
    size = (entry['width'], entry['height'])
    return recording, Image(entry['id'], entry['file_name'], frame, size)


def _sizes(images: Dict[Recording, List[Image]], path: str) -> dict:
    """w, h of the images of each camera, which are the same in all."""
    sizes: Dict[str, Tuple[int, int]] = {}
    for recording, sequence in images.items():
        for image in sequence:
            size = sizes.setdefault(recording.camera, image.size)
            if image.size != size:
                problem = (
                    f'is {image.size} px, but {size} in another image of '
                    f'camera {recording.camera}'
                )
                id_, field = image.id, 'width, height'
                raise annotation_error(path, id_, field, problem, DOWNLOAD)
    return sizes


def _cameras(
    path: str, subject: str, sizes: Dict[str, Tuple[int, int]]
) -> Dict[str, CalibratedCamera]:
    content = load_json(path, f'the cameras of {subject}', dict)
    cameras = {}
    for number, camera_id in enumerate(CAMERA_IDS, 1):
        entry = content.get(str(number))
        if camera_id not in sizes:
            continue
        if not isinstance(entry, dict):
            problem = f'is missing; the file has {sorted(content)}'
            raise annotation_error(path, number, 'camera', problem, DOWNLOAD)
        camera = read_camera(entry, path, number, 't', DOWNLOAD)
        cameras[camera_id] = camera._replace(size=sizes[camera_id])
    return cameras


def _place(subject: Subject, camera_id: str, path: str) -> CalibratedCamera:
    """The camera with its place as T, whatever `t` means in the file."""
    camera = subject.cameras[camera_id]
    points = []
    for recording, images in subject.images.items():
        if recording.camera == camera_id and len(points) < TRIED_FRAMES:
            tried = images[:: max(1, len(images) // 5)]
            points.extend(world_joints(subject, recording, tried))
    moved = camera._replace(position=-camera.rotation.T @ camera.position)
    forms = (camera, moved)
    shares = [_inside(form, np.array(points)) for form in forms]
    if max(shares) < 0.5:
        number = CAMERA_IDS.index(camera_id) + 1
        problem = f'puts {max(shares):.0%} of the joints into the images'
        fix = 'Take camera and joint_3d of the same download, in mm.'
        raise annotation_error(path, number, 't', problem, fix)
    return forms[int(np.argmax(shares))]


def _inside(camera: CalibratedCamera, points_mm: np.ndarray) -> float:
    """Share of the joints that lie in the image, in front of the camera."""
    points = camera.to_camera(points_mm)
    front = points[..., 2] > 0
    pixels = camera.project(points[front])[:, :2]
    inside = ((pixels >= 0) & (pixels < camera.size)).all(-1)
    return float(inside.sum() / front.size)
