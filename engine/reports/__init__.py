"""Reports of comparisons, runs, trainings and measurements, and the tables in them."""
