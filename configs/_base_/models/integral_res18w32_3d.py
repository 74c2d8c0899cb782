# The small scale in 3D: setting (b), two deconvolutions (64 -> 2 -> 4 -> 8),
# a volume of 8 x 8 x 8 bins
_base_ = ['./integral_res18w32.py']

model = dict(
    head=dict(out_channels=18, depth=8, deconv_out_channels=(128, 128))
)
