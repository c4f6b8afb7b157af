FROM my-app-python:3.11
WORKDIR /app
COPY main.py .
EXPOSE 8000
USER 1000
CMD ["python3", "-m", "uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
