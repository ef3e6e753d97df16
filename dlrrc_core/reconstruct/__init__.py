"""What the printed aggregates of a review imply about the answers that were never printed.

``aggregates`` turns printed numbers into exact whole numbers of units, ``program`` asks an integer program what is possible,
``conflicts`` finds printed numbers that contradict each other, ``chains`` and ``sampler`` draw answer matrices that agree with every printed
number, ``percentiles`` adds journal percentiles, and ``report`` puts everything into one dictionary.
Nothing here is the data of the authors of a review.
"""
