# As small.py, four times as long, for the rows on MPII's layout: 45 epochs of
# 2,000 synthetic pictures find half of the joints with H3, 180 find 81 of 100.
_base_ = ['./small.py']

settings = dict(
    _delete_=True,
    mpii=dict(
        _base_.settings.mpii,
        schedules=dict(
            first='small_120e', second='small_60e', scratch='small_180e'
        ),
    ),
)
