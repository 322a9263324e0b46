"""What is written beside the plots is what the figures say."""

import numpy as np
from matplotlib.figure import Figure

from models.evaluation.tasks.plots import bland_altman


def test_the_plot_prints_the_deviation_that_the_figures_have() -> None:
    """Errors of 1, 3 and 5: their SD is 2 of three patients, 1.63 of a population."""
    drawn = Figure().add_subplot()
    bland_altman(np.array([[30.0, 31.0], [40.0, 43.0], [50.0, 55.0]]), "EF, %")(drawn)
    assert drawn.get_title() == f"bias 3.00, limits of agreement {3 - 1.96 * 2:.2f} to {3 + 1.96 * 2:.2f}"
