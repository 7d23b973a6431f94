"""What this computer is: paths, threads, versions, memory errors, quiet libraries."""
