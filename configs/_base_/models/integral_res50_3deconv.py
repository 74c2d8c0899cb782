# Settings (a) and (c): three deconvolutions (256 -> 8 -> 16 -> 32 -> 64)
_base_ = ['./integral_res50.py']

model = dict(head=dict(deconv_out_channels=(256, 256, 256)))
