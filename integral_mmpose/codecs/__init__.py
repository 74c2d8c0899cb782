"""Codecs: labels <-> the network's normalised space."""

from .integral_label import IntegralLabel

__all__ = ['IntegralLabel']
