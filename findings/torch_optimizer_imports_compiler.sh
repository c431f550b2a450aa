#!/usr/bin/env bash
# torch 2.13.0: making any optimiser imports the whole compiler (torch._dynamo, sympy).
#
# Expected: torch.optim.AdamW([...]) allocates nothing and costs microseconds; torch.compile is not used anywhere.
# Seen: the first torch.optim.Optimizer that a process makes imports some 800 modules, which takes longer than
# `import torch` itself; a job that trains a small network for two seconds pays half as much again for it.
# The functional form, torch.optim.adamw.adamw, takes the same step and imports none of them.
# Why: Optimizer.add_param_group is wrapped by torch._disable_dynamo, which imports torch._dynamo at its first call.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import time

started = time.process_time()
import torch
from torch.optim.adamw import adamw

print("torch", torch.__version__.split("+")[0])
torch_s = time.process_time() - started


def compiler() -> bool:
    return "torch._dynamo" in sys.modules and "sympy" in sys.modules


weight = torch.ones(3, requires_grad=True)
weight.grad = torch.tensor([1.0, -2.0, 3.0])
by_function = weight.detach().clone()
assert not compiler(), "import torch alone has imported the compiler"

adamw(
    [by_function], [weight.grad], [torch.zeros(3)], [torch.zeros(3)], [], [torch.tensor(0.0)],
    fused=True, amsgrad=False, beta1=0.9, beta2=0.999, lr=0.1, weight_decay=0.01, eps=1e-8,
    maximize=False,
)
print("functional AdamW took a step; torch._dynamo and sympy imported:", compiler())
assert not compiler()

before, started = len(sys.modules), time.process_time()
optimiser = torch.optim.AdamW([weight], lr=0.1, weight_decay=0.01, fused=True)
made_s = time.process_time() - started
print("AdamW was made; torch._dynamo and sympy imported:", compiler())
print(f"modules imported by making it: {len(sys.modules) - before}")
print(f"CPU time of making it, as a share of that of importing torch: {made_s / torch_s:.1f}")
assert compiler()
assert len(sys.modules) - before > 300

optimiser.step()
assert torch.equal(weight.detach(), by_function), "both take the same step"
print("both took the same step")
PYTHON
