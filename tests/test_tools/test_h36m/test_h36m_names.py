"""Names of recordings against what public lists say."""

from argparse import ArgumentParser

import pytest

from h36m.names import (
    MOVING_JOINTS,
    SUBJECTS,
    add_choices,
    recordings,
    trial_name,
)
from integral_mmpose.datasets.actions import ACTIONS
from integral_mmpose.datasets.body.h36m_files import parse_name
from integral_mmpose.datasets.joints import H36M17_NAMES

ALL = recordings(SUBJECTS, ACTIONS)


def test_every_recording_has_a_name_of_its_own():
    assert len(ALL) == 7 * 15 * 2 * 4
    assert len({(r.subject, r.base, r.camera) for r in ALL}) == len(ALL)


def test_names_are_read_back():
    for recording in ALL:
        frame = parse_name(recording.image(64))
        assert frame == (
            recording.subject,
            recording.action,
            recording.camera,
            64,
        )


@pytest.mark.parametrize(
    'key,name',
    [
        (('S1', 'Directions', 1), 'Directions 1'),
        (('S1', 'Sitting', 2), 'Sitting 2'),
        (('S1', 'Photo', 1), 'TakingPhoto 1'),
        (('S1', 'WalkDog', 2), 'WalkingDog'),
        (('S5', 'Discussion', 2), 'Discussion 3'),
        (('S5', 'Photo', 1), 'Photo'),
        (('S5', 'SittingDown', 1), 'SittingDown'),
        (('S6', 'Waiting', 1), 'Waiting 3'),
        (('S7', 'Walking', 2), 'Walking 2'),
        (('S8', 'WalkDog', 1), 'WalkDog 1'),
        (('S9', 'Photo', 2), 'Photo'),
        (('S11', 'Phoning', 1), 'Phoning 3'),
        (('S11', 'Phoning', 2), 'Phoning 2'),
    ],
)
def test_trials(key, name):
    assert trial_name(*key) == name


def test_recordings_with_known_faults():
    broken = [r.name for r in ALL if r.broken]
    assert broken == ['S11_Directions.54138969']
    damaged = {(r.subject, r.base) for r in ALL if r.damaged_truth}
    assert damaged == {
        ('S9', 'Greeting'),
        ('S9', 'SittingDown 1'),
        ('S9', 'Waiting 1'),
    }


def test_moving_joints():
    """The 32 names as github.com/una-dinosauria/3d-pose-baseline has them."""
    names = {
        0: 'Hip',
        1: 'RHip',
        3: 'RFoot',
        6: 'LHip',
        12: 'Spine',
        15: 'Head',
        17: 'LShoulder',
        19: 'LWrist',
        25: 'RShoulder',
        27: 'RWrist',
    }
    ours = dict(zip(MOVING_JOINTS, H36M17_NAMES))
    for index, name in names.items():
        side = {'R': 'right_', 'L': 'left_'}.get(name[0], '')
        expected = side + name[1:].lower() if side else name.lower()
        assert ours[index] == ('root' if name == 'Hip' else expected)


def test_choices():
    """Any order, with or without S, and aliases of actions."""
    parser = ArgumentParser()
    add_choices(parser)
    words = '--subjects 11 S5 9 --actions WalkingDog Eating'.split()
    args = parser.parse_args(words)
    found = recordings(args.subjects, args.actions)
    assert list(dict.fromkeys((r.subject, r.action) for r in found)) == [
        (subject, action)
        for subject in ('S5', 'S9', 'S11')
        for action in ('Eating', 'WalkDog')
    ]
    args = parser.parse_args([])
    assert recordings(args.subjects, args.actions) == ALL
