"""Cut detection: from signals to cuts, from cuts to shots, from shots to clips."""
