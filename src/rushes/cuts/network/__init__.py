"""The cut network: its training data, its training, its curves and the decision on them."""
