"""Arguments that PoseInferencer cannot use are named in one sentence."""

import pytest

from integral_mmpose.inference import PoseInferencer


@pytest.mark.parametrize(
    ('options', 'reason'),
    [
        (dict(smooth=True), "smooth must be 'one_euro'"),
        (dict(smooth=3), "smooth must be 'one_euro'"),
        (dict(smooth=dict(type='one_euro', beta='a')), 'one-euro filter'),
        (dict(batch_size=True), 'batch_size must be a whole number'),
        (dict(batch_size=2.0), 'batch_size must be a whole number'),
        (dict(fps='a'), 'fps must be a positive number'),
        (dict(fps=True), 'fps must be a positive number'),
        (dict(max_megapixels=None), 'max_megapixels must be a positive'),
        (dict(boxes=3), 'boxes must be lists'),
        (dict(camera=3), 'is not a camera'),
    ],
)
def test_arguments_of_other_types_are_named(image, options, reason):
    infer = PoseInferencer()
    with pytest.raises(ValueError, match=reason):
        infer.stream([image], **options)


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        ((3,), 'model must be an ONNX file .* int has no crop'),
        ((None, 5), 'detector must be an ONNX file .* int has no detect'),
        ((object(),), 'object has no crop'),
    ],
)
def test_models_of_other_types_are_named(arguments, reason):
    with pytest.raises(TypeError, match=reason):
        PoseInferencer(*arguments)


@pytest.mark.parametrize('threads', ['x', -1, 0, 2.5, True])
def test_threads_are_counted(threads):
    with pytest.raises(ValueError, match='threads must be a whole number'):
        PoseInferencer(threads=threads)
