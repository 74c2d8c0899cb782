# The small scale in 3D: setting (a), three deconvolutions (64 -> 2 -> 16), a
# quarter of the input as in the paper, and a volume of 16 x 16 x 16 bins
_base_ = ['./integral_res18w16.py']

model = dict(
    head=dict(out_channels=18, depth=16, deconv_out_channels=(64, 64, 64))
)
