"""
What a filter sees of a batch. In come the ring's memory, the places of a batch in it and the columns a filter reads; out go alerts as dicts (records.py), or all
of them as NumPy columns (batch_columns.py). Read record_tree.py first.
"""
