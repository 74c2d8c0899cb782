"""Parts of the multi-stage networks: ResNet stages and HourGlass stacks."""

from .hourglass import HourglassStage, HourglassStem
from .resnet_stage import IntegralResNetStage

__all__ = ['HourglassStage', 'HourglassStem', 'IntegralResNetStage']
