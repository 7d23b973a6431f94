"""The program on real weights: `make test-real`. Needs the network once, some minutes and 3 GB of disk."""
