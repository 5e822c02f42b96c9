"""Models: the known ones, their sources and licences, their download and cache."""
