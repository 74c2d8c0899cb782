"""The command integral-pose and its web page."""
