"""From the published files of a data set to the layout of this project."""
