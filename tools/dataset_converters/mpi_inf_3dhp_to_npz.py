"""Convert the training set of MPI-INF-3DHP to the layout of Human3.6M.

    python tools/dataset_converters/mpi_inf_3dhp_to_npz.py \
        data/mpi_inf_3dhp_raw --out data/mpi_inf_3dhp

reads RAW/S1/Seq1/{annot.mat,camera.calibration,imageSequence/video_0.avi} and
so on, and writes OUT/annotations/{mpi_inf_3dhp_train.npz,cameras.json} and
OUT/images, which H36MImageDataset reads. annot3 (camera space in mm) and
annot2 (px) are used; univ_annot3 is not, because its rescaled skeleton is not
the one in the picture. The annotations are written last, and not after an
error.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import numpy as np

from h36m.rows import check_poses, write_annotations
from h36m.video import extract_frames
from integral_mmpose.command import at_least_one, make_parser, reports_errors
from integral_mmpose.datasets.body.camera_space_annotations import (
    MAX_REPROJECTION_PX,
)
from integral_mmpose.datasets.body.h36m_files import make_rows
from integral_mmpose.datasets.joints import MPI_INF_3DHP_TO_H36M17
from integral_mmpose.geometry import CalibratedCamera
from mpi_inf_3dhp import (
    NO_FIT,
    Video,
    find_sequences,
    read_annotations,
    read_calibration,
    unusable,
)

#: The chest and knee high cameras and the two that look down a little, which
#: the data set's authors call the set "vnect"; the rest look from the ceiling.
CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)


def extract_images(
    video: Video, frames: Sequence[int], size: tuple, out: Path
) -> set:
    """Write frames of a video as images, and tell which are there.

    ``size`` is w, h of the camera in px.
    """
    paths = {frame: out / 'images' / video.image(frame) for frame in frames}
    if all(path.is_file() for path in paths.values()):
        return set(paths)
    folder = video.sequence.folder / 'imageSequence'
    file = str(folder / f'video_{video.camera}.avi')
    fix = 'Get it again, or give --no-images.'

    def checked(frame: int, image: np.ndarray) -> np.ndarray:
        found = image.shape[1::-1]
        if found != size:
            raise ValueError(
                f'{file}: has {found[0]} x {found[1]} px, and its camera in '
                f'camera.calibration {size[0]} x {size[1]}. {fix}'
            )
        return image

    return extract_frames(file, paths, fix, checked)[0]


def convert_video(
    video: Video,
    joints: dict,
    camera: CalibratedCamera,
    step: int,
    out: Optional[Path],
) -> Tuple[dict, List[str]]:
    """The rows of one video, and why the other frames are left out.

    ``joints`` and ``camera`` are those of :func:`read_annotations` and
    :func:`read_calibration`; without ``out`` no image is written.
    """
    every, table = slice(None, None, step), list(MPI_INF_3DHP_TO_H36M17)
    pixels = joints['annot2'][video.camera][every, table]
    points = joints['annot3'][video.camera][every, table]
    reasons = unusable(pixels, points, camera)
    wrong = int((reasons == NO_FIT).sum())
    if 2 * wrong > len(reasons):  # a frame may be wrong; not most of them
        raise ValueError(
            f'{video.sequence.folder}: camera {video.camera}: annot2 is more '
            f'than {MAX_REPROJECTION_PX:.0f} px away from the projection of '
            f'annot3 in {wrong} of {len(reasons)} frames. '
            'camera.calibration is of another sequence.'
        )
    frames = np.arange(len(pixels)) * step
    names = np.array([video.image(frame) for frame in frames])
    keep = reasons == ''
    if keep.any():
        file = str(video.sequence.folder / 'annot.mat')
        ids = [f'camera {video.camera} frame {n}' for n in frames[keep]]
        check_poses(names[keep], pixels[keep], points[keep], camera, file, ids)
    if out is not None:
        written = extract_images(
            video, frames[keep].tolist(), tuple(camera.size), out
        )
        lost = [frame not in written for frame in frames.tolist()]
        reasons[keep & lost] = 'not in the video'
    keep = reasons == ''
    rows = make_rows(names[keep], pixels[keep], points[keep] / 1000)
    return rows, reasons[~keep].tolist()


def convert(
    root: str,
    out: str,
    cameras: Sequence[int] = CAMERAS,
    step: int = 5,
    images: bool = True,
) -> None:
    parts, table, left_out = [], {}, Counter()
    for sequence in find_sequences(root):
        known = read_calibration(sequence.folder / 'camera.calibration')
        joints = read_annotations(sequence.folder / 'annot.mat')
        count = min(len(joints['annot2']), len(joints['annot3']))
        for number in dict.fromkeys(cameras):
            if number not in known or number >= count:
                raise ValueError(
                    f'{sequence.folder}: no camera {number}: '
                    f'camera.calibration has {sorted(known)}, annot.mat '
                    f'{count}. Correct --cameras.'
                )
            video = Video(sequence, number)
            folder, camera = Path(out) if images else None, known[number]
            rows, reasons = convert_video(video, joints, camera, step, folder)
            by_id = table.setdefault(sequence.subject, {})
            by_id[video.camera_id] = camera.as_json()
            parts.append(rows)
            left_out.update(reasons)
    kept = sum(len(part['imgname']) for part in parts)
    if not kept:
        raise ValueError(f'{out}: no usable frame is left to write')
    write_annotations(out, dict(train=parts), table, 'mpi_inf_3dhp')
    print(f'{kept} frames of {len(parts)} videos in {out}')
    for reason, count in sorted(left_out.items()):
        print(f'left out, {reason}: {count}')


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('root', help='the folder with S1 to S8')
    parser.add_argument('--out', required=True, help='the folder to write')
    parser.add_argument('--cameras', type=int, nargs='+', default=CAMERAS)
    parser.add_argument(
        '--step', type=at_least_one, default=5, help='of the frames'
    )
    parser.add_argument(
        '--no-images', action='store_true', help='the annotations alone'
    )
    args = parser.parse_args()
    convert(args.root, args.out, args.cameras, args.step, not args.no_images)


if __name__ == '__main__':
    sys.exit(main())
