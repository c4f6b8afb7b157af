# An operator in Python.
exec python3 solution/operator.py
