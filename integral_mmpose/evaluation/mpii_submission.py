"""Predictions of MPII's test people as the benchmark's .mat file.

What is relied on (the benchmark's page "Preparing predictions", single
person, and its toolkit evalMPII: evaluatePCKh, flatten_annolist,
annolist2matrix):

- the file ``pred_keypoints_mpii.mat`` holds ``pred``, which starts as
  ``RELEASE.annolist(RELEASE.img_train == 0)``: one entry for each test image,
  in that order, or the toolkit stops;
- ``pred(i).annorect(r).annopoints.point(k)`` has x and y in 1-based pixels
  and the joint ``id`` 0..15;
- the toolkit walks over every ``annorect`` with a non-empty ``objpos``, of
  ``pred`` and of the truth alike, and only then picks the single people by
  their number in that walk. So the others must be there, with ``objpos`` and
  without points.

The benchmark alone has the truth: this file says nothing of the score.
"""

import os.path as osp
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.fileio import put
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from integral_mmpose.datasets.checks import (
    ANY,
    LIST,
    TEXT,
    annotation_error,
    check_fields,
    load_json,
)
from integral_mmpose.datasets.mat_files import mat_bytes, struct_array

from .finite import CheckedSample

JOINTS = 16
PERSON = dict(center=ANY, scale=ANY, predict=ANY)
FIX = 'Write it by tools/dataset_converters/mpii_mat_to_json.py.'


@METRICS.register_module()
class MpiiSubmission(BaseMetric):
    """Write the benchmark's file instead of a score.

    Needs the fields ``image_index`` and ``annorect_index`` (1-based, of the
    converter's ``mpii_test.json``) in ``meta_keys`` of PackPoseInputs.

    Args:
        test_list (str): ``mpii_test_images.json`` of the converter.
        outfile (str): The file to write. Defaults to
            'pred_keypoints_mpii.mat', the benchmark's name.
        **kwargs: Of ``BaseMetric``.

    Raises:
        FileNotFoundError, ValueError: If the list is missing or another file.
    """

    default_prefix = 'mpii_test'

    def __init__(
        self,
        test_list: str,
        outfile: str = 'pred_keypoints_mpii.mat',
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if not outfile.endswith('.mat'):
            raise ValueError(f'outfile must end with .mat, got {outfile!r}')
        self.test_list = test_list
        self.outfile = outfile
        # Now, not after the hours of a test run.
        self.images = _read_list(test_list)
        # Who is to be predicted: (image, annorect) -> name of the image.
        self.expected = {
            (i, r): osp.basename(image['image'])
            for i, image in enumerate(self.images)
            for r, person in enumerate(image['people'])
            if person['predict']
        }
        if not self.expected:
            raise annotation_error(
                test_list, 'all', 'predict', 'is true of nobody', FIX
            )

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Collect the people of a batch.

        Raises:
            ValueError: Naming the image, if a prediction is not finite or not
                of 16 joints, or the person is not in the test list.
        """
        for data_sample in data_samples:
            sample = CheckedSample(data_sample, 'MpiiSubmission')
            pred = sample.predicted()
            if pred.shape[:2] != (1, JOINTS):
                raise sample.error(
                    f'one person of {JOINTS} joints is needed, got the shape '
                    f"{pred.shape}. Test a model of MPII on split 'test'"
                )
            place = tuple(
                int(sample.required(field)) - 1
                for field in ('image_index', 'annorect_index')
            )
            image = osp.basename(sample.required('img_path'))
            if self.expected.get(place) != image:
                raise sample.error(
                    f'image_index {place[0] + 1}, annorect_index '
                    f'{place[1] + 1} is no such person of {self.test_list}. '
                    'Take both files from one conversion'
                )
            # The truth is 1-based.
            self.results.append((place, pred[0, :, :2] + 1))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Write the file; the number of people and images in it.

        Raises:
            ValueError: If somebody is missing or there twice: the benchmark
                counts a missing person's joints as wrong.
            OSError: If the file cannot be written.
        """
        joints = dict(results)
        missing = sorted(set(self.expected).difference(joints))
        if missing or len(results) != len(joints):
            first = self.images[missing[0][0]]['image'] if missing else 'none'
            raise ValueError(
                f'MpiiSubmission: {len(self.expected)} people are needed once '
                f'each, got {len(results)} predictions; {len(missing)} are '
                f"missing (first: {first}). Test the whole split 'test'"
            )
        content = mat_bytes(dict(pred=_annolist(self.images, joints)))
        # By rename: nobody sends in half a file.
        put(content, self.outfile, backend_args=dict(backend='atomic_local'))
        MMLogger.get_current_instance().info(
            f'MpiiSubmission: {len(joints)} people of {len(self.images)} test '
            f'images in {self.outfile}. Only the benchmark knows their score'
        )
        return dict(people=len(joints), images=len(self.images))


def _annolist(images: List[dict], joints: dict) -> np.ndarray:
    """MATLAB's ``pred`` of the places (image, annorect) -> (16, 2) px."""
    entries = []
    for i, image in enumerate(images):
        people = [
            _annorect(person, joints.get((i, r)))
            for r, person in enumerate(image['people'])
        ]
        name = dict(name=image['image'])
        entries.append(dict(image=name, annorect=struct_array(people)))
    return struct_array(entries)


def _annorect(person: dict, joints: Optional[np.ndarray]) -> dict:
    objpos = annopoints = None
    if person['center'] is not None:
        x, y = person['center']
        objpos = dict(x=float(x), y=float(y))
    if joints is not None:
        points = [
            dict(x=float(x), y=float(y), id=float(id_))
            for id_, (x, y) in enumerate(joints)
        ]
        annopoints = dict(point=struct_array(points))
    return dict(scale=person['scale'], objpos=objpos, annopoints=annopoints)


def _read_list(path: str) -> List[dict]:
    """The test images, checked."""
    images = load_json(path, "MPII's list of test images", list)
    for n, image in enumerate(images):
        check_fields(image, dict(image=TEXT, people=LIST), path, n, FIX)
        for person in image['people']:
            check_fields(person, PERSON, path, n, FIX)
    return images
