"""A CUDA device that only says so: tensors report cuda, hold real numbers, and what would wait for a GPU is counted.

torch's FakeTensorMode gives every tensor a device and refuses operations on mixed ones; `watch` computes the same
operations on the CPU beside it, so that whole runs take the branches that a GPU would take; `stand_ins` replace what
torch.cuda offers besides tensors. `kinds` lists what is run. Nothing here is true of time or of kernels."""
