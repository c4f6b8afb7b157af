# It believes what it reads. That is enough as long as all goes well.
exec python3 solution/forgets.py
