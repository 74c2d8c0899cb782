"""Sphinx: the pages of this folder and the API, by ``make docs``."""

from integral_mmpose import __version__

project = 'integral_mmpose'
author = 'the authors of integral_mmpose'
release = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
]
autodoc_default_options = {
    'members': True,
    'imported-members': True,
    'show-inheritance': True,
}
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # The docstrings give type, shape and unit.
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # the fields of a NamedTuple are members already
# Links to files outside docs/; tests/test_docs checks that these exist.
suppress_warnings = ['myst.xref_missing']
myst_heading_anchors = 3
exclude_patterns = ['_build']
html_theme = 'furo'
html_title = project
