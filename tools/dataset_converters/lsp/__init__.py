"""Parts of ``lsp_to_mpii.py``."""
