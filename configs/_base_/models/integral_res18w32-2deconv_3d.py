# Setting (b) of the small scale, for make demo: two deconvolutions (64 -> 2 ->
# 8), a volume of 8 x 8 x 8 bins. Its last bin ends at 7/8 of the crop.
_base_ = ['./integral_res18w32_3d.py']

model = dict(head=dict(depth=8, deconv_out_channels=(128, 128)))
