_base_ = ['mmpose::_base_/default_runtime.py']

custom_imports = dict(imports=['integral_mmpose'], allow_failed_imports=False)

default_hooks = dict(
    checkpoint=dict(
        type='AtomicCheckpointHook',
        interval=1,
        max_keep_ckpts=3,
        save_best='auto',
        greater_keys=['PCK', 'AUC', 'AP'],
        less_keys=['MPJPE'],
    ),
    resume=dict(type='ResumeHook'),
)
custom_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='SeedIterationHook'),
    dict(type='CheckCheckpointHook'),
    dict(type='NaNGuardHook'),
]
visualizer = dict(type='IntegralPoseVisualizer')
