# The control half of an ingress controller, in Python.
exec python3 solution/ingress.py
