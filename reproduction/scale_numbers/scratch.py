# As small.py, from scratch, with the hand-over from H to I that photographs
# need: the schedule of photographs.py, whose second half does not undo the
# first, and sharpened maps. Rows of Tables 1 to 5.
_base_ = ['./small.py']

settings = dict(
    _delete_=True,
    mpii=dict(
        _base_.settings.mpii,
        # eight of 64 channels take 2.6 times as long
        hourglasses={256: 32},
        # Batch 32. The second stage starts from a trained model: 1e-3 destroys
        # what the first has learned. H rows continue with the same numbers.
        schedules=dict(
            first=dict(
                max_epochs=24, val_interval=4, lr=1e-3, milestones=[17, 22]
            ),
            second=dict(max_epochs=8, val_interval=2, lr=1e-4, milestones=[6]),
            scratch=dict(
                max_epochs=32, val_interval=4, lr=1e-3, milestones=[23, 29]
            ),
        ),
        # Maps that an I row starts from -> factor in its last layer. Those of
        # H1 lie in [0, 1]; those of H2 and H3 are logits already. Those of the
        # hourglass have four times as many cells and lower peaks: times 20,
        # the cells without the joint weigh about as much as its peak.
        sharpen=dict(h1=20.0, h1_hg8=80.0),
    ),
)
