"""The claims that only the paper's text makes, without a number of its own."""

from .judge import COUNTS, claim


@claim('N39', 'X')
def l1_beats_l2(t):
    """L1 on the joints works consistently better than L2 (text only, no
    number printed).
    """
    yield t('I*-L1.AUC') > t('I*-L2.AUC')


@claim('N40', 'X')
def pre_training_beats_joint_training(t):
    """Pre-training with the heat map loss and then the integral loss alone
    works slightly better than training from scratch with both (text only, no
    number printed).
    """
    yield t('I1.AUC') > t('I1-joint.AUC')


@claim('N41', 'X', COUNTS)
def the_integral_costs_nothing(t):
    """The integral adds negligible computation: I1 costs what H1 costs (text
    only; measure GFLOPs and step time).
    """
    yield abs(t('I1.GFLOPs') - t('H1.GFLOPs')) / t('H1.GFLOPs') < 0.01


@claim('N42', 'X', COUNTS)
def r1_has_more_parameters(t):
    """R1 has more parameters than I* (an aside in the text, no number printed;
    as described, ResNet-50 + FC has 23.6 M and the deconvolution network 33.0
    M: expected not to hold).
    """
    yield t('R1.params_M') > t('I*.params_M')
