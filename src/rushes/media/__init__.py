"""All calls of PyAV and FFmpeg: probing, decoding, scaling, stills, encoding."""
