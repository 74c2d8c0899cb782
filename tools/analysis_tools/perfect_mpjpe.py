"""MPJPE of a perfect prediction: the error of data, boxes and root depth.

    python tools/analysis_tools/perfect_mpjpe.py data/h36m
    python tools/analysis_tools/perfect_mpjpe.py data/h36m --box tight \
        --root-depth estimate

Gives the labels themselves, pixels and relative depths, to IntegralMPJPE as a
prediction. It is 0 where the pixels are those of the pinhole camera and the
depth of the root is the true one. No network can undo the lens distortion in
the pixels of the archives, nor a depth estimated from the box. The
relative depths are in the unit of the crop, as of a codec with
depth_unit='crop': an estimated root depth scales them with x and y.
--lens projects the joints through a lens, to measure what it costs.
"""

import sys
from typing import Optional, Sequence

import cv2
import numpy as np

from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.datasets import H36MImageDataset
from integral_mmpose.datasets.body.camera_space import BOX_SOURCES, ROOT_DEPTHS
from integral_mmpose.evaluation import IntegralMPJPE
from integral_mmpose.evaluation.mpjpe import DEPTH_FIELDS


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('data_root', help='with annotations/cameras.json')
    parser.add_argument('--ann-file', default='annotations/h36m_test.npz')
    parser.add_argument(
        '--frame-step', type=int, default=1, help='1: every frame'
    )
    parser.add_argument(
        '--box', choices=BOX_SOURCES, default='2000mm', help='of the data set'
    )
    parser.add_argument('--bbox-file', help='detections, for --box file')
    parser.add_argument(
        '--root-depth', choices=ROOT_DEPTHS, default='gt', help='of both'
    )
    parser.add_argument(
        '--lens',
        type=float,
        nargs=5,
        metavar=('K1', 'K2', 'P1', 'P2', 'K3'),
        help="distortion coefficients in OpenCV's order",
    )
    options = vars(parser.parse_args())  # of the data set, but for one
    lens = options.pop('lens')
    metrics, mode, moved = evaluate(H36MImageDataset(**options), lens)
    print(f'perfect prediction: {mode}')
    if lens:
        print(f'the lens moves a joint by up to {moved:.2f} px')
    for name, value in metrics.items():
        print(f'{name}: {value:.2f} mm')


def evaluate(
    dataset: H36MImageDataset, lens: Optional[Sequence[float]] = None
) -> tuple:
    """Metrics in mm, what they mean, and how far a lens moves a joint in px.

    ``lens`` is k1, k2, p1, p2, k3 of ``cv2.projectPoints``; ``None`` keeps the
    pixels of the labels.
    """
    metric = IntegralMPJPE(root_depth=dataset.root_depth, per_action=False)
    scaled_by = DEPTH_FIELDS[dataset.root_depth]
    moved = 0.0
    for sample in map(dataset.get_data_info, range(len(dataset))):
        answer = sample['keypoints'].astype(np.float64)
        if lens:
            pixels = distort(sample, lens)
            shift = np.linalg.norm(pixels - answer[0, :, :2], axis=-1)
            moved = max(moved, float(shift.max()))
            answer[0, :, :2] = pixels
        answer[..., 2] *= sample[scaled_by] / sample['root_depth']
        sample['pred_instances'] = dict(keypoints=answer)
        metric.process({}, [sample])
    metrics = metric.compute_metrics(metric.results)
    return metrics, metric.evaluation_mode, moved


def distort(sample: dict, lens: Sequence[float]) -> np.ndarray:
    """Pixels (joints, 2) of the joints of a sample through a lens."""
    (f_x, f_y), (c_x, c_y) = sample['focal'], sample['principal']
    camera = np.array([[f_x, 0, c_x], [0, f_y, c_y], [0, 0, 1]], np.float64)
    points = sample['keypoints_cam'][0].astype(np.float64)
    still = np.zeros(3)
    pixels, _ = cv2.projectPoints(points, still, still, camera, np.array(lens))
    return pixels[:, 0]


if __name__ == '__main__':
    sys.exit(main())
