"""Data sets of bodies.

mmpose's inferencer takes the default detector from the first folder after
``datasets.`` in a data set's module path: `body` gets the person detector.
"""
