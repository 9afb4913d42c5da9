"""What connrules costs, against other ways to do the same: `python -m tests.benchmarks`, or `make bench`.

A *measure* is one figure with its goal; a *job* takes the figures that share their data and runs its contenders in
turn, after it has made sure that all of them decide the same. `jobs.py` lists them all.
"""
