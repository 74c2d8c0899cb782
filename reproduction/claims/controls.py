"""Controls: what must hold for a claim to mean what it says.

A control is no claim of the paper. It compares where only one thing differs.
"""

from .judge import claim

METHODS = ('R1', 'H1', 'H2', 'I*', 'I1', 'I2')


@claim('K23', '6')
def integral_wins_on_coco_with_the_same_scores(t):
    """C23 with the scores of the boxes alone, so that the score of the maps
    (peak or spread) has no part in it.
    """
    yield t('I1.AP-bbox') > t('H1.AP-bbox')


@claim('K26', 'C')
def data_help_and_not_steps(t):
    """C26 against Strategy 1 with as many steps as Strategy 2: it is the 2D
    data that help, and not the longer training.
    """
    for r in METHODS:
        yield t(f'T7.Strategy2.{r}') < t(f'Strategy1x2.{r}')


@claim('K27', 'C')
def the_best_without_2d_data_trained_as_long(t):
    """The first half of C27, trained as long as Strategy 2: without 2D data
    I2 is the best.
    """
    for r in METHODS[:-1]:
        yield t('Strategy1x2.I2') < t(f'Strategy1x2.{r}')


@claim('K39', 'C')
def l1_beats_l2_in_3d(t):
    """N39 in 3D (Strategy 1, MPJPE)."""
    yield t('Strategy1.I*-L1') < t('Strategy1.I*-L2')


@claim('K40', 'X')
def pre_training_beats_joint_training_with_h2(t):
    """N40 with H2, whose joint variant is the better one on PCKh@0.5."""
    for m in ('PCKh@0.5', 'AUC'):
        yield t(f'I2.{m}') > t(f'I2-joint.{m}')
