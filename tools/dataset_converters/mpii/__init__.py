"""Parts of ``mpii_mat_to_json.py`` and ``add_depth.py``."""
