# H1 goes on, and the joint loss places what it finds, within a window of the
# map (not in the paper): the local integral, trained
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(
    head=dict(
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=dict(type='LocalJointL1Loss'),
        readout='local_integral',
    )
)
