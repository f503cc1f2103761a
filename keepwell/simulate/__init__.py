"""A simulated company whose truth is known; the equations are in docs/simulation.md."""
