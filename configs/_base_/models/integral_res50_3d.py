# I*, 3D: ResNet-50, setting (a), a volume of 64 x 64 x 64 bins
_base_ = ['./integral_res50.py']

model = dict(
    head=dict(out_channels=18, depth=64, deconv_out_channels=(256, 256, 256))
)
