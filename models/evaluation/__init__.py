"""How well models do: data sets, tasks, metrics."""
