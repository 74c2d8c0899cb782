"""Convert MMPose's cameras.pkl of Human3.6M to cameras.json.

    python tools/dataset_converters/h36m_cameras_to_json.py IN.pkl --out OUT

OUT is data/h36m/annotations/cameras.json for MMPose's npz files.

Nothing of the pickle is run: it may hold arrays of numbers, dicts, tuples and
strings, and is refused otherwise.
"""

import json
import sys
from typing import List, Optional

from h36m.camera_pickle import read_camera_pickle
from integral_mmpose.command import (
    make_parser,
    reports_errors,
    write_and_report,
)


@reports_errors
def main(argv: Optional[List[str]] = None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument('pickle', help="MMPose's cameras.pkl")
    parser.add_argument('--out', required=True, help='cameras.json')
    args = parser.parse_args(argv)
    cameras = read_camera_pickle(args.pickle)
    content = json.dumps(cameras, allow_nan=False).encode()
    write_and_report(args.out, content)
    count = sum(len(by_id) for by_id in cameras.values())
    print(f'{count} cameras of {len(cameras)} subjects')


if __name__ == '__main__':
    sys.exit(main())
