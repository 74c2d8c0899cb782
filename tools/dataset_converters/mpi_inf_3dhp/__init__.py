"""Parts of ``mpi_inf_3dhp_to_npz.py``."""
