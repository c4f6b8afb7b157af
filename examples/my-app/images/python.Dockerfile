# Python with what the two programs import: the packages that requirements.txt names, from Debian.
FROM my-app-debian:12
RUN apt-get update && apt-get install -y --no-install-recommends python3-fastapi python3-uvicorn python3-psycopg2 python3-redis && rm -rf /var/lib/apt/lists/*
