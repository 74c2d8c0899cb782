"""R10, bad data: read and finite, or an error with file, id and field."""

import random

from mmpose.datasets.datasets import CocoDataset

from tests.test_datasets.damage import json_bytes
from tests.test_datasets.test_coco import CONTENT

PROVED_BY = (
    'test_codecs/test_integral_label.py'
    '::test_labelled_depth_without_its_scale_is_refused',
    'test_datasets/test_camera_space.py',
    'test_datasets/test_coco.py',
    'test_datasets/test_fuzz.py',
    'test_datasets/test_h36m.py',
    'test_datasets/test_metainfo.py',
    'test_datasets/test_mpii.py',
    'test_datasets/test_read_crop.py::test_bad_files_and_arguments',
    'test_datasets/test_transforms.py'
    '::test_corrupt_image_is_an_error_with_its_name',
    'test_engine/test_nan_guard.py::test_stops_at_the_iteration',
    'test_inference/test_images.py::test_torn_files_are_named',
    'test_tools/test_mpi_inf_3dhp_to_npz.py',
    'test_tools/test_mpii_mat_to_json.py',
)
CONTROLS = ('test_engine/test_nan_guard.py::test_mmengine_trains_on',)


def test_upstream_reads_damaged_annotations(tmp_path, figure):
    """Its errors name neither the file nor the field."""
    path = tmp_path / 'a.json'
    unnamed, cases = 0, 40
    for case in range(cases):
        path.write_bytes(json_bytes(CONTENT, random.Random(case)))
        try:
            CocoDataset(ann_file=str(path), data_root='')
        except Exception as error:
            unnamed += path.name not in str(error)
    what = 'exceptions without a name in fuzzed files'
    figure('R10', what, unnamed, 0, upstream=True)
