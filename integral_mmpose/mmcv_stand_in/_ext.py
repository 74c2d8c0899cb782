"""Stand-in for mmcv's compiled module ``mmcv._ext``, through torchvision.

It has what MMDetection's detectors call on images: nms, average RoIAlign and
deformable convolution, forward only. Any other operator can be imported and
raises when it is called.
"""

import torchvision


def nms(boxes, scores, iou_threshold, offset):
    """Indices of the kept boxes; ``offset`` 1 counts the last pixel."""
    boxes = boxes.clone()
    boxes[:, 2:] += offset
    return torchvision.ops.nms(boxes, scores, iou_threshold)


def roi_align_forward(
    features,
    rois,
    output,
    argmax_y,
    argmax_x,
    *,
    pool_mode,
    aligned_height,
    aligned_width,
    **options,
):
    """Write the average of each bin into ``output``."""
    if pool_mode != 1:
        _missing('roi_align with pool_mode max')()
    size = (aligned_height, aligned_width)
    output.copy_(torchvision.ops.roi_align(features, rois, size, **options))


def deform_conv_forward(features, weight, offset, output, *_, **options):
    """Write the deformable convolution (version 1) into ``output``."""
    sizes = _pairs(options, 'd{}', 'pad{}', 'dilation{}', axes='HW')
    _deform(features, weight, offset, output, *sizes)


def modulated_deform_conv_forward(
    features, weight, bias, _, offset, mask, output, *__, **options
):
    """Write the deformable convolution with a mask (version 2)."""
    sizes = _pairs(options, 'stride_{}', 'pad_{}', 'dilation_{}', axes='hw')
    bias = bias if options['with_bias'] else None
    _deform(features, weight, offset, output, *sizes, mask=mask, bias=bias)


def _pairs(options, *names, axes):
    return [[options[name.format(axis)] for axis in axes] for name in names]


def _deform(features, weight, offset, output, *sizes, mask=None, bias=None):
    result = torchvision.ops.deform_conv2d(
        features, offset, weight, bias, *sizes, mask=mask
    )
    output.copy_(result.view_as(output))


def get_compiler_version():
    """For reports on the environment."""
    return 'not compiled: integral_mmpose.mmcv_stand_in'


def get_compiling_cuda_version():
    """For reports on the environment, as in an mmcv without CUDA."""
    return 'not available'


def _missing(name):
    def operator(*args, **kwargs):
        raise NotImplementedError(
            f'mmcv is installed without its compiled operators, and {name} '
            'is called: compile mmcv by MMCV_OPS=compile make setup'
        )

    return operator


def __getattr__(name):
    if name.startswith('_'):
        raise AttributeError(name)
    return _missing(name)
