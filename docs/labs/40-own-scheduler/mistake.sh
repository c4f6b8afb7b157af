# It counts what the nodes have to carry when it starts, and never again: it fills one node over and over.
exec python3 solution/overfills.py
