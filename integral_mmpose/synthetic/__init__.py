"""The embedded data: a posed, rendered human body in the real layouts."""
