FROM my-app-python:3.11
WORKDIR /app
COPY main.py .
USER 1000
CMD ["python3", "main.py"]
