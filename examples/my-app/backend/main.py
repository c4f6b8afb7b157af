"""The API of the shop: takes orders, writes them into the database, and queues them for the workers."""

import os
import time

import psycopg2
import psycopg2.errors
import redis
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI(title="shop")
queue = redis.Redis(host=os.environ.get("REDIS_HOST", "redis"), socket_timeout=5)
pod = os.environ.get("POD_NAME", "backend")


def database():
    """A connection for one request. The database may have been away in between."""
    return psycopg2.connect(
        host=os.environ.get("DATABASE_HOST", "postgres"),
        dbname=os.environ.get("DATABASE_NAME", "shop"),
        user=os.environ["DATABASE_USER"],
        password=os.environ["DATABASE_PASSWORD"],
        connect_timeout=3,
    )


TABLE = """
CREATE TABLE IF NOT EXISTS orders (
    id serial PRIMARY KEY,
    item text NOT NULL,
    status text NOT NULL DEFAULT 'new',
    taken_by text NOT NULL,
    done_by text
)"""


def prepare(cursor):
    """Makes the table. Three backends that begin at once may all try: one of them does it."""
    cursor.execute("SELECT pg_advisory_xact_lock(1)")
    cursor.execute(TABLE)


class Order(BaseModel):
    item: str


@app.post("/api/orders", status_code=201)
def create(order: Order):
    # The database first: an order that is there and not queued can be found; one that is only queued is lost with Redis.
    with database() as connection, connection.cursor() as cursor:
        prepare(cursor)
        cursor.execute("INSERT INTO orders (item, taken_by) VALUES (%s, %s) RETURNING id", (order.item, pod))
        number = cursor.fetchone()[0]
    connection.close()
    queue.lpush("orders", number)
    return {"id": number, "item": order.item, "status": "new", "taken_by": pod}


@app.get("/api/orders/{number}")
def read(number: int):
    with database() as connection, connection.cursor() as cursor:
        prepare(cursor)
        cursor.execute("SELECT id, item, status, taken_by, done_by FROM orders WHERE id = %s", (number,))
        row = cursor.fetchone()
    connection.close()
    if row is None:
        raise HTTPException(status_code=404, detail=f"no order {number}")
    return dict(zip(("id", "item", "status", "taken_by", "done_by"), row))


@app.get("/api/orders")
def count():
    with database() as connection, connection.cursor() as cursor:
        prepare(cursor)
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE status = 'done') FROM orders")
        total, done = cursor.fetchone()
    connection.close()
    return {"total": total, "done": done, "waiting": queue.llen("orders")}


@app.get("/api/busy")
def busy(milliseconds: int = 200):
    """Uses the processor for a while: something for the autoscaler to see."""
    end = time.process_time() + min(milliseconds, 5000) / 1000
    while time.process_time() < end:
        sum(range(1000))
    return {"pod": pod}


@app.get("/api/alive")
def alive():
    return {"pod": pod}


@app.get("/api/ready")
def ready():
    try:
        database().close()
        queue.ping()
    except (psycopg2.Error, redis.RedisError) as problem:
        raise HTTPException(status_code=503, detail=str(problem)) from problem
    return {"pod": pod}
