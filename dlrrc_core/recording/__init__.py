"""Records by command: new papers and ratings, workbooks, adjudication, exports and the history of answers.

Every command writes files of its own below ``data/papers/<id>`` and ``data/raters``, never a shared one, so that the work of two
people merges without a conflict.
"""
