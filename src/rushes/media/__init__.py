"""Every call of PyAV and FFmpeg: probe, decode, scale, stills, encode."""
