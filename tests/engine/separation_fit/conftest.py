"""One thread for nets: beside other work, two of torch's wait for each other longer than one takes."""

import torch

torch.set_num_threads(1)
