"""A log run through rules by several processes, with the very outcomes, in the order, of one.

Users never affect each other, so each worker owns some of them. But most of the work is to read the log, and most of
its lines concern no rule: so each worker reads pieces of the log, whosever events they hold, and only the rows that
matter travel, by way of a hub, to those who own their users. A piece of the log goes this way:

    reader   lines → rows that matter, dealt out by user      (worker, round r)
    hub      line numbers, and the newest event before it     (between the rounds)
    owner    rows that are not late → engine → outcomes       (workers, round r + 1)
    hub      outcomes of all workers in one order             (while the workers are at round r + 2)
"""
