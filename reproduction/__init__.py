"""The paper's tables, one command each: rows, scales, runs, results."""
