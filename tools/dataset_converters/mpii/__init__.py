"""Parts of ``mpii_mat_to_json.py``."""
