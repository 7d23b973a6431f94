"""Where the engine runs: on a thread of this program, or in a process of its own."""
