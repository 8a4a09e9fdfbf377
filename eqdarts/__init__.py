"""eqdarts: closed-form equations from data by differentiable architecture search."""
